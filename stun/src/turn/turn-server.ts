// The TURN server as a state machine (RFC 8489, RFC 8656): packets come in, packets go out through the clients and relay
// sockets it was given. It opens nothing, waits for nothing and keeps no timer: `sweep()` is to be called now and then.
import type { AddressFamily, TurnEngineOptions } from '../engine.ts';
import { createEnginePeerPolicy } from './peer-policy.ts';
import { allocate } from './allocate.ts';
import type { RelayedAddress, Client } from './allocation.ts';
import { AllocationTable } from './allocation-table.ts';
import { Authenticator, type Authenticated } from '../auth/authenticator.ts';
import type { Counters } from './counters.ts';
import { DataPath } from './data-path.ts';
import { MessageReader } from '../stun/message-reader.ts';
import { NONCE_KEY_BYTES, Nonces } from '../auth/nonce.ts';
import { PacketArena } from '../stun/packet-arena.ts';
import { channelBind, createPermission } from './peer-requests.ts';
import { refresh } from './refresh.ts';
import { createRelayedPortPools, type RelayedPortPool } from './relayed-port-pool.ts';
import { isTooOld, type Handler, type RequestOutcome, type Server } from './requests.ts';
import { Responder } from './responder.ts';
import { ATTRIBUTE, CHANNEL_HEADER_BYTES, CLASS, CLASS_MASK, METHOD } from '../stun/constants.ts';
import type { OpenRelaySocket } from './transport-ports.ts';

/** What fits into an Ethernet frame; Linux sends such datagrams unfragmented (RFC 8656 §14). */
const UNFRAGMENTED_BYTES_MAX = { 4: 1_472, 6: 1_452 } as const;

const handlers = new Map<number, Handler>([
  [METHOD.allocate, allocate],
  [METHOD.refresh, refresh],
  [METHOD.createPermission, createPermission],
  [METHOD.channelBind, channelBind],
]);

export class TurnServer {
  readonly table: AllocationTable;
  readonly #monotonicMs: () => number;
  readonly #graceMs: number;
  readonly #counters: Counters;
  readonly #server: Server;
  readonly #pools: ReadonlyMap<AddressFamily, RelayedPortPool>;
  readonly #authenticator: Authenticator;
  readonly #message = new MessageReader();
  readonly #responder: Responder;
  readonly #dataPath: DataPath;

  constructor(options: TurnEngineOptions, openRelaySocket: OpenRelaySocket, counters: Counters) {
    const { monotonicMs, randomBytes, lifetimes, worker } = options;
    const arena = new PacketArena();
    const nonces = new Nonces(worker?.nonceKey ?? randomBytes(NONCE_KEY_BYTES), lifetimes.nonceSeconds);
    this.#monotonicMs = monotonicMs;
    this.#graceMs = lifetimes.expiredGraceSeconds * 1000;
    this.#counters = counters;
    this.#dataPath = new DataPath(options, arena, counters);
    this.#responder = new Responder(options, this.#message, arena, nonces, counters);
    this.#authenticator = new Authenticator(options, nonces, counters);
    this.#pools = createRelayedPortPools(options, openRelaySocket, (relayed, data, address, port) => {
      this.fromPeer(relayed, data, address, port);
    });
    worker?.siblings.receive((family, port, fromPort, data, start) => {
      this.#fromSibling(family, port, fromPort, data, start);
    });
    this.table = new AllocationTable(options, this.#pools, counters);
    const announced = [...this.#pools.values()].map((pool) => pool.announced);
    this.#server = {
      options,
      table: this.table,
      mayReach: createEnginePeerPolicy(options, announced),
    };
  }

  get relayPortsFree(): number {
    let free = 0;
    for (const pool of this.#pools.values()) free += pool.free;
    return free;
  }

  /** One datagram, or one message of a stream: `data` from `start` to `end`. Never throws, whatever it is. */
  receive(client: Client, data: Buffer, start: number, end: number): void {
    const first = end - start < CHANNEL_HEADER_BYTES ? 0xff : data[start]!;
    // RFC 8656 §12: the first two bits tell STUN from ChannelData.
    if (first < 0x40) {
      if (!this.#isOverdrawn(client, data, start)) this.#receiveMessage(client, data, start, end);
    } else if (first < 0x80) this.#dataPath.fromChannel(client, data, start, end);
    else this.#counters.drops.malformed++;
  }

  /** A datagram to a relayed address. Never throws. */
  fromPeer(relayed: RelayedAddress, data: Buffer, address: string, port: number): void {
    this.#dataPath.fromPeer(relayed, data, 0, data.length, address, port);
  }

  /** Takes what another worker's allocation sends to one of ours, without going through the network. */
  #fromSibling(family: AddressFamily, port: number, fromPort: number, data: Buffer, start: number): void {
    const pool = this.#pools.get(family);
    const relayed = pool?.at(port);
    if (pool === undefined || relayed === undefined) this.#counters.drops.peerPolicy++;
    else this.#dataPath.fromPeer(relayed, data, start, data.length, pool.announced, fromPort);
  }

  /** The client's connection has closed, which ends its allocation. */
  disconnected(client: Client): void {
    if (client.allocation !== undefined) this.table.end(client.allocation);
  }

  sweep(): void {
    this.table.sweep(this.#monotonicMs());
  }

  close(): void {
    this.table.endAll();
  }

  /** A request of an allocation that has asked for too much is dropped before it is read: reading its hundred peers is the work. */
  #isOverdrawn(client: Client, data: Buffer, start: number): boolean {
    const { allocation } = client;
    if (allocation === undefined) return false;
    const type = data.readUInt16BE(start);
    if ((type & CLASS_MASK) !== CLASS.request || type === METHOD.binding) return false;
    if (allocation.control.has(1, this.#monotonicMs())) return false;
    this.#counters.drops.rateLimit++;
    client.hold?.();
    return true;
  }

  #receiveMessage(client: Client, data: Buffer, start: number, end: number): void {
    const message = this.#message;
    const { drops } = this.#counters;
    if (!message.read(data, start, end)) drops.malformed++;
    else if (message.class === CLASS.request) this.#receiveRequest(client);
    else if (message.class === CLASS.indication && message.method === METHOD.send) this.#receiveSend(client);
    else if (message.class !== CLASS.indication || message.method !== METHOD.binding) drops.unexpected++;
  }

  /** The Send indication (RFC 8656 §11.2). */
  #receiveSend(client: Client): void {
    const message = this.#message;
    const { drops } = this.#counters;
    const { allocation } = client;
    if (allocation === undefined) {
      drops.unexpected++;
      return;
    }
    const peerAt = message.find(ATTRIBUTE.xorPeerAddress);
    const dataAt = message.find(ATTRIBUTE.data);
    const peer = peerAt < 0 ? undefined : message.xorAddress(peerAt);
    if (peer === undefined || peer.port === 0 || dataAt < 0 || message.hasUnknown) {
      drops.malformed++;
      return;
    }
    const permission = allocation.permissions.get(peer.address);
    if (permission === undefined) {
      drops.noPermission++;
      return;
    }
    const start = message.valueStart(dataAt);
    const length = message.valueLength(dataAt);
    if (message.has(ATTRIBUTE.dontFragment) && length > UNFRAGMENTED_BYTES_MAX[permission.relayed.family]) {
      drops.tooLarge++;
      return;
    }
    this.#dataPath.toPeer(permission, peer.port, message.data, start, start + length, this.#monotonicMs());
  }

  #receiveRequest(client: Client): void {
    const message = this.#message;
    const nowMs = this.#monotonicMs();
    if (message.method === METHOD.binding) {
      this.#receiveBinding(client, nowMs);
      return;
    }
    const handle = handlers.get(message.method);
    if (handle === undefined) {
      this.#counters.drops.unexpected++;
      return;
    }
    const who = this.#authenticator.check(message, client, nowMs);
    if (who === undefined) return;
    if ('code' in who) {
      this.#responder.refuse(client, who, nowMs);
    } else if (message.hasUnknown) {
      this.#responder.unknownAttributes(client, who);
    } else if (isTooOld(who, message, this.table.of(client, nowMs) !== undefined, this.#graceMs)) {
      this.#counters.authFailures.expired++;
      this.#responder.refuse(client, { code: 401, hasChallenge: true }, nowMs);
    } else {
      this.#answer(client, who, handle(this.#server, { message, client, who, nowMs }));
    }
  }

  #answer(client: Client, who: Authenticated, outcome: RequestOutcome): void {
    if (typeof outcome === 'number') {
      this.#responder.error(client, outcome, who);
    } else if (typeof outcome === 'function') {
      this.#responder.success(client, outcome, who);
      this.#rememberAllocate(client);
    } else {
      client.send(outcome, 0, outcome.length);
    }
  }

  /** Keeps the response to an Allocate, for a client that did not receive it and asks again. */
  #rememberAllocate({ allocation }: Client): void {
    if (this.#message.method !== METHOD.allocate || allocation === undefined) return;
    allocation.transactionId = Buffer.from(this.#message.transactionId);
    allocation.response = this.#responder.copyOfLast();
  }

  /** The Binding request, which needs no credentials (RFC 8489 §6.3.1). */
  #receiveBinding(client: Client, nowMs: number): void {
    if (!this.#responder.mayAnswer(client, nowMs)) return;
    if (this.#message.hasUnknown) {
      this.#responder.unknownAttributes(client);
      return;
    }
    this.#counters.bindings++;
    const { isClassic } = this.#message;
    this.#responder.success(client, (response) => {
      if (isClassic) response.mappedAddress(client.address, client.port);
      else response.xorAddress(ATTRIBUTE.xorMappedAddress, client.address, client.port);
    });
  }
}
