// One allocation of node-turn behind the guard: what goes to its peers and what comes from them passes here, so that no
// datagram can make node-turn throw, nothing reaches a forbidden peer, and bandwidth counts.
import type { RemoteInfo, Socket } from 'node:dgram';
import type { TurnLimits } from '../engine.ts';
import { CHANNEL_MS } from '../stun/constants.ts';
import { bucketsOf, takeFrom, type TokenBucket } from '../turn/bandwidth.ts';
import type { Counters } from '../turn/counters.ts';
import type { Account } from '../turn/quotas.ts';
import type { PeerPolicy } from '../turn/peer-policy.ts';
import type { LibraryAllocation, OnMessage } from './library.ts';

/** node-turn reads four bytes of whatever comes from a peer, before it looks how many there are. */
const DATAGRAM_BYTES_MIN = 4;

/** What all sessions share. */
export interface SessionContext {
  readonly limits: TurnLimits;
  readonly counters: Counters;
  readonly mayReach: PeerPolicy;
  /** The address that relayed ports have for the world. */
  readonly announced: string;
  readonly toPeers: readonly TokenBucket[];
  readonly toClients: readonly TokenBucket[];
  readonly monotonicMs: () => number;
  /** The session that has this relayed port. */
  readonly at: (port: number) => AllocationSession | undefined;
}

type Sent = ((error: Error | null) => void) | undefined;

export class AllocationSession {
  readonly allocation: LibraryAllocation;
  readonly port: number;
  readonly #context: SessionContext;
  readonly #toPeers: readonly TokenBucket[];
  readonly #toClient: readonly TokenBucket[];
  readonly #socket: Socket;
  #hearPeer: OnMessage = () => undefined;
  /** Peer address → until when a channel keeps its permission. */
  readonly #keptUntilMs = new Map<string, number>();
  #isOver = false;

  constructor(allocation: LibraryAllocation, account: Account, context: SessionContext) {
    const [socket] = allocation.sockets;
    const nowMs = context.monotonicMs();
    const { bytesPerSecondPerAllocationMax } = context.limits;
    this.allocation = allocation;
    this.port = socket!.address().port;
    this.#socket = socket!;
    this.#context = context;
    this.#toPeers = [
      ...bucketsOf(bytesPerSecondPerAllocationMax, nowMs),
      ...account.toPeers,
      ...context.toPeers,
    ];
    this.#toClient = [
      ...bucketsOf(bytesPerSecondPerAllocationMax, nowMs),
      ...account.toClients,
      ...context.toClients,
    ];
    this.#guardSending(socket!);
    // node-turn puts its listener on the socket right after it has told of the allocation, and none for errors.
    queueMicrotask(() => this.#guardHearing(socket!));
  }

  #guardSending(socket: Socket): void {
    const send = socket.send.bind(socket) as (
      data: Buffer,
      port: number,
      address: string,
      sent: Sent,
    ) => void;
    const guarded = (data: Buffer, port: number, address: string, sent: Sent): void => {
      if (!this.#mayLeave(data, port, address)) return;
      const { counters } = this.#context;
      counters.packetsToPeers++;
      counters.bytesToPeers += data.length;
      const other = address === this.#context.announced ? this.#context.at(port) : undefined;
      if (other === undefined) send(data, port, address, sent);
      // Straight to the other allocation: through the network it would need a NAT that turns packets round.
      else other.hear(data, { address, port: this.port, family: 'IPv4', size: data.length });
    };
    socket.send = guarded as Socket['send'];
  }

  #mayLeave(data: Buffer, port: number, address: string): boolean {
    const { announced, at, counters, mayReach, monotonicMs } = this.#context;
    if (this.#isOver || port === 0) return false;
    const isOwn = address === announced && at(port) !== undefined;
    if (!isOwn && !mayReach(address)) {
      counters.drops.peerPolicy++;
      return false;
    }
    if (takeFrom(this.#toPeers, data.length, monotonicMs())) return true;
    counters.drops.bandwidth++;
    return false;
  }

  #guardHearing(socket: Socket): void {
    this.#hearPeer = socket.listeners('message')[0] as OnMessage;
    socket.removeAllListeners('message');
    socket.on('message', (data, from) => this.hear(data, from));
    socket.on('error', () => this.#context.counters.drops.socketError++);
  }

  /** What a peer has sent. Never throws. */
  hear(data: Buffer, from: RemoteInfo): void {
    const { drops } = this.#context.counters;
    if (this.#isOver) return;
    if (data.length < DATAGRAM_BYTES_MIN || from.port === 0) drops.malformed++;
    else if (!this.#isPermitted(from.address)) drops.noPermission++;
    else if (!takeFrom(this.#toClient, data.length, this.#context.monotonicMs())) drops.bandwidth++;
    else {
      try {
        this.#hearPeer(data, from);
      } catch {
        drops.malformed++; // node-turn could not read it: only this datagram is lost
      }
    }
  }

  #isPermitted(address: string): boolean {
    return (this.allocation.permissions[address] ?? 0) > Date.now();
  }

  /** ChannelData from the client, which node-turn itself does not read (RFC 8656 §12.6). */
  sendOnChannel(number: number, data: Buffer): void {
    const peer = this.allocation.channelBindings[number];
    const { drops } = this.#context.counters;
    if (peer === undefined) drops.noChannel++;
    else if (!this.#isPermitted(peer.address)) drops.noPermission++;
    else {
      this.#socket.send(data, peer.port, peer.address, (error) => {
        if (error) drops.socketError++;
      });
    }
  }

  /**
   * After each request: a permission lives as long as the channel last bound to its address (see Allocation.bind), and node-turn
   * gives it five minutes with every request. `asked` is the ChannelBind that node-turn has just had.
   */
  keepPermissions(asked?: {
    readonly number: number;
    readonly address: string;
    readonly port: number;
  }): void {
    const nowMs = Date.now();
    const bound = asked && this.allocation.channelBindings[asked.number];
    if (bound?.address === asked?.address && bound?.port === asked?.port && bound !== undefined) {
      this.#keptUntilMs.set(bound.address, nowMs + CHANNEL_MS);
    }
    const { permissions } = this.allocation;
    for (const [address, untilMs] of this.#keptUntilMs) {
      if (untilMs <= nowMs) this.#keptUntilMs.delete(address);
      else permissions[address] = Math.max(permissions[address] ?? 0, untilMs);
    }
  }

  /** Forgets permissions that have run out, which node-turn keeps for ever. */
  permissions(): string[] {
    const { permissions } = this.allocation;
    const nowMs = Date.now();
    for (const [address, untilMs] of Object.entries(permissions)) {
      if (untilMs <= nowMs) Reflect.deleteProperty(permissions, address);
    }
    return Object.keys(permissions);
  }

  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    endAllocation(this.allocation);
  }
}

/** node-turn only forgets an allocation: sockets, ports and timer would stay for ever. */
export function endAllocation({ sockets, timer }: LibraryAllocation): void {
  clearTimeout(timer);
  for (const socket of sockets) socket.close();
}
