// The mesh's WebSockets: what arrives is charged, read and given to the rooms; silent, slow or greedy clients are closed.
import type { Log } from '@relay-swarm/kit';
import { drain, Payments, type AddressBuckets } from '@relay-swarm/net';
import type { SocketMemory } from '@relay-swarm/net/socket-memory';
import { ProtocolError } from '@relay-swarm/protocol/fields';
import { readMeshRequest, writeMeshReply } from '@relay-swarm/protocol/mesh';
import { MESH_FRAME_CHARS_MAX, MESH_VERSION, type MeshRequest } from '@relay-swarm/protocol/mesh-member';
import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { REFUSALS, type CloseRefusalCode, type MeshRefusalCode } from '@relay-swarm/protocol/refusals';
import type { Caller } from '../callers.ts';
import type { UpgradeRoute } from '../http-server.ts';
import { messageRate, PIECE_COST, type PeerjsSettings } from '../settings.ts';
import { createUpgrade, type ClientSocket, type Upgrade } from '../client-socket.ts';
import type { Clock } from '../clock.ts';
import { isJoinProven } from './join-proof.ts';
import type { MeshCounters } from './mesh-counters.ts';
import { RECEIVERS_PER_MESSAGE, RoomDesk, type Desk, type Guest } from './room-desk.ts';
import { Rooms } from './rooms.ts';

/** A socket that has not joined by then is closed. */
const JOIN_MS = 10_000;
/** What a frame costs beside itself, in messages: by its length, as it arrives. */
const BYTES_PER_MESSAGE = 1_024;
/** A signature is checked for it. */
const JOIN_COST = 10;
const FAULT_COST = 5;

/** A socket, whether it has joined a room or not. */
export interface Visitor extends Guest {
  readonly socket: ClientSocket;
  readonly addressKey: string;
  readonly host: string;
  readonly challenge: string;
  readonly sinceMs: number;
  isMember: boolean;
}

export interface MeshRouteOptions {
  readonly settings: PeerjsSettings;
  readonly counters: MeshCounters;
  readonly log: Log;
  readonly clock: Clock;
  readonly memory: SocketMemory<ClientSocket>;
  readonly addresses: AddressBuckets;
  readonly leave: (caller: Caller) => void;
  /** In the place of this node's own, where there are several nodes. */
  readonly createDesk?: (own: RoomDesk, rooms: Rooms) => Desk<Visitor>;
}

export class MeshRoute implements UpgradeRoute {
  readonly path = '/mesh';
  readonly rooms: Rooms;
  readonly #options: MeshRouteOptions;
  readonly #desk: Desk<Visitor>;
  readonly #upgrade: Upgrade;
  readonly #visitors = new Map<ClientSocket, Visitor>();
  readonly #payments: Payments<ClientSocket>;
  #sweptAtMs: number;

  constructor(options: MeshRouteOptions) {
    const { settings, counters, log, clock } = options;
    this.#options = options;
    this.#sweptAtMs = clock.monotonicMs();
    this.rooms = new Rooms({
      roomsMax: settings.meshRoomsMax,
      roomMembersMax: settings.meshRoomMembersMax,
      awayMs: settings.meshAwaySeconds * 1_000,
      fallbackBytesPerSecond: settings.meshFallbackBytesPerSecond,
    });
    const own = new RoomDesk(this.rooms, counters);
    this.#desk = options.createDesk?.(own, this.rooms) ?? own;
    const payments = (this.#payments = new Payments<ClientSocket>({
      own: messageRate(settings),
      addresses: options.addresses,
      pieceCost: PIECE_COST,
      bytesPerMessage: BYTES_PER_MESSAGE,
      monotonicMs: clock.monotonicMs,
      end: (socket) => this.#end(socket, 'message_rate'),
    }));
    this.#upgrade = createUpgrade({
      frameBytesMax: Math.min(settings.frameBytesMax, MESH_FRAME_CHARS_MAX),
      monotonicMs: clock.monotonicMs,
      listener: {
        frame: (socket, frame, isBinary) => this.#hear(socket, frame, isBinary),
        restMs: (socket, bytes) => payments.restMs(socket, bytes),
        control: (socket) => payments.pay(socket, 1),
        signOfLife: (socket) => (socket.heardAtMs = clock.monotonicMs()),
        broken: (code) => counters.closed.add(code),
        stalled: (socket) => this.#cut(socket, 'slow_reader'),
        failed: (socket, error) => {
          log.error('bug: a member could not be served', { error });
          this.#cut(socket, 'internal_error');
        },
        left: (socket) => this.#left(socket),
      },
      sendBufferBytesMax: settings.sendBufferBytesMax,
      memory: options.memory,
      ended: (socket, reason) => this.#end(socket, reason),
    });
  }

  upgrade(request: IncomingMessage, stream: Duplex, head: Buffer, caller: Caller): boolean {
    const socket = this.#upgrade(request, stream, head, caller);
    if (!socket) return false;
    const nowMs = this.#options.clock.monotonicMs();
    this.#payments.begin(socket);
    socket.heardAtMs = nowMs;
    const visitor: Visitor = {
      socket,
      addressKey: caller.key,
      host: request.headers.host ?? '',
      challenge: randomBytes(32).toString('hex'),
      sinceMs: nowMs,
      isMember: false,
      member: undefined,
      send: (text) => socket.send(text),
      pay: (messages) => this.#payments.pay(socket, messages),
      refuse: (what, detail, retryMs) => this.#refuse(visitor, what, detail, retryMs),
      reject: (what, detail) => this.#reject(visitor, what, detail),
      replaced: () => {
        visitor.member = undefined;
        visitor.isMember = false;
        this.#end(socket, 'replaced');
      },
    };
    this.#visitors.set(socket, visitor);
    socket.send(writeMeshReply({ action: 'challenge', challenge: visitor.challenge }));
    return true;
  }

  sweep(): void {
    const { settings, clock } = this.#options;
    const lastMs = this.#sweptAtMs;
    const nowMs = (this.#sweptAtMs = clock.monotonicMs());
    const pingMs = settings.pingSeconds * 1_000;
    this.rooms.sweep(nowMs);
    for (const { socket, isMember, sinceMs } of this.#visitors.values()) {
      const silentMs = nowMs - socket.heardAtMs;
      if (!isMember && nowMs - sinceMs > JOIN_MS) this.#cut(socket, 'not_joined');
      else if (silentMs >= settings.idleSeconds * 1_000) this.#cut(socket, 'idle');
      else if (
        silentMs >= pingMs &&
        Math.floor(silentMs / pingMs) > Math.floor((lastMs - socket.heardAtMs) / pingMs)
      ) {
        socket.ping();
      }
    }
  }

  async stop(): Promise<void> {
    await drain({
      open: () => this.#visitors.keys(),
      spreadMs: this.#options.settings.drainSeconds * 1_000,
      close: (socket) => this.#end(socket, 'draining'),
    });
  }

  #hear(socket: ClientSocket, frame: Buffer, isBinary: boolean): void {
    const { counters, log, clock } = this.#options;
    const visitor = this.#visitors.get(socket);
    if (!visitor || !socket.isOpen) return;
    counters.framesIn++;
    socket.heardAtMs = clock.monotonicMs();
    if (!this.#payments.pay(socket, 1)) return;
    try {
      if (isBinary) throw new ProtocolError('Cannot read a binary frame: wanted text');
      this.#take(visitor, readMeshRequest(frame.toString()));
    } catch (error) {
      if (!(error instanceof ProtocolError)) {
        log.error('bug: a frame of the mesh could not be handled', { error });
        this.#end(socket, 'internal_error');
        return;
      }
      this.#recordFault(visitor, 'bad_message', error.message);
    }
  }

  #take(visitor: Visitor, request: MeshRequest): void {
    if (request.action === 'join') this.#join(visitor, request);
    else if (!visitor.isMember)
      this.#recordFault(visitor, 'not_joined', `Cannot take "${request.action}": wanted "join" first`);
    else {
      this.#desk.take(visitor, request, this.#options.clock.monotonicMs());
      if (request.action !== 'leave') return;
      visitor.isMember = false;
      this.#options.counters.closed.add('left');
      visitor.socket.close(1000, 'left');
    }
  }

  #join(visitor: Visitor, request: Extract<MeshRequest, { action: 'join' }>): void {
    const { socket, host, challenge } = visitor;
    if (visitor.isMember) {
      this.#recordFault(visitor, 'too_many_rooms', 'Cannot join: a socket is in one room, open another one');
      return;
    }
    if (request.version !== MESH_VERSION) {
      this.#reject(
        visitor,
        'bad_version',
        `Cannot speak version ${request.version}: this is ${MESH_VERSION}`,
      );
      return;
    }
    if (!this.#payments.pay(socket, JOIN_COST + this.#desk.sizeOf(request.room) / RECEIVERS_PER_MESSAGE))
      return;
    if (!isJoinProven(request, challenge, host)) {
      const rule = `the challenge, the room and ws(s)://${host} must be signed with the key of the id`;
      this.#reject(visitor, 'bad_signature', `Cannot join: ${rule}`);
      return;
    }
    visitor.isMember = true;
    this.#desk.join(visitor, request.room, request.id, this.#options.clock.monotonicMs());
  }

  #left(socket: ClientSocket): void {
    const visitor = this.#visitors.get(socket);
    this.#visitors.delete(socket);
    if (visitor !== undefined) this.#desk.gone(visitor, this.#options.clock.monotonicMs());
    this.#options.leave(socket.caller);
  }

  #refuse(visitor: Visitor, what: MeshRefusalCode, detail: string, retryMs?: number): void {
    this.#options.counters.refused.add(what);
    const wait = retryMs === undefined ? {} : { retryMs };
    visitor.send(writeMeshReply({ action: 'refused', what, detail: detail.slice(0, 1_024), ...wait }));
  }

  #recordFault(visitor: Visitor, what: MeshRefusalCode, detail: string): void {
    const { socket } = visitor;
    this.#refuse(visitor, what, detail);
    if (++socket.faults > this.#options.settings.faultsMax) {
      this.#end(socket, 'too_many_faults', `too many faults, the last: ${what}`);
    } else this.#payments.pay(socket, FAULT_COST);
  }

  #reject(visitor: Visitor, what: MeshRefusalCode & CloseRefusalCode, detail: string): void {
    visitor.isMember = false;
    this.#refuse(visitor, what, detail);
    this.#end(visitor.socket, what);
  }

  #end(socket: ClientSocket, reason: CloseRefusalCode, sentence: string = REFUSALS[reason].sentence): void {
    this.#options.counters.closed.add(reason);
    socket.close(REFUSALS[reason].close, sentence);
  }

  #cut(socket: ClientSocket, reason: CloseRefusalCode): void {
    this.#options.counters.closed.add(reason);
    socket.terminate();
  }
}
