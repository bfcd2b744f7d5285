// The mesh's WebSockets: what arrives is charged, read and given to the rooms. Who does not join in time is cut.
import { ProtocolError } from '@relay-swarm/protocol/fields';
import type { RequestHead } from '@relay-swarm/net';
import { readMeshRequest, writeMeshReply } from '@relay-swarm/protocol/mesh';
import { MESH_FRAME_CHARS_MAX, MESH_VERSION, type MeshRequest } from '@relay-swarm/protocol/mesh-member';
import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { CloseRefusalCode, MeshRefusalCode } from '@relay-swarm/protocol/refusals';
import type { Caller } from '../callers.ts';
import type { ClientSocket } from '../client-socket.ts';
import type { UpgradeRoute } from '../http-server.ts';
import { RouteSockets, type RouteParts } from '../route-sockets.ts';
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

export interface MeshRouteOptions extends RouteParts {
  readonly counters: MeshCounters;
  /** In the place of this node's own, where there are several nodes. */
  readonly createDesk?: (own: RoomDesk, rooms: Rooms) => Desk<Visitor>;
}

export class MeshRoute implements UpgradeRoute {
  readonly path = '/mesh';
  readonly rooms: Rooms;
  readonly #options: MeshRouteOptions;
  readonly #desk: Desk<Visitor>;
  readonly #sockets: RouteSockets;
  readonly #visitors = new Map<ClientSocket, Visitor>();

  constructor(options: MeshRouteOptions) {
    const { settings, counters } = options;
    this.#options = options;
    this.rooms = new Rooms({
      roomsMax: settings.meshRoomsMax,
      roomMembersMax: settings.meshRoomMembersMax,
      awayMs: settings.meshAwaySeconds * 1_000,
      fallbackBytesPerSecond: settings.meshFallbackBytesPerSecond,
    });
    const own = new RoomDesk(this.rooms, counters);
    this.#desk = options.createDesk?.(own, this.rooms) ?? own;
    this.#sockets = new RouteSockets(options, {
      frameBytesMax: Math.min(settings.frameBytesMax, MESH_FRAME_CHARS_MAX),
      bytesPerMessage: BYTES_PER_MESSAGE,
      closed: counters.closed,
      frame: (socket, frame, isBinary) => this.#hear(socket, frame, isBinary),
      control: (socket) => this.#sockets.payments.pay(socket, 1),
      broken: (code) => counters.closed.add(code),
      left: (socket) => this.#left(socket),
    });
  }

  upgrade(request: RequestHead, stream: Duplex, head: Buffer, caller: Caller): boolean {
    const socket = this.#sockets.open(request, stream, head, caller);
    if (!socket) return false;
    const visitor: Visitor = {
      socket,
      addressKey: caller.key,
      host: request.headers.host ?? '',
      challenge: randomBytes(32).toString('hex'),
      sinceMs: socket.heardAtMs,
      isMember: false,
      member: undefined,
      send: (text) => socket.send(text),
      pay: (messages) => this.#sockets.payments.pay(socket, messages),
      refuse: (what, detail, retryMs) => this.#refuse(visitor, what, detail, retryMs),
      reject: (what, detail) => this.#reject(visitor, what, detail),
      replaced: () => {
        visitor.member = undefined;
        visitor.isMember = false;
        this.#sockets.end(socket, 'replaced');
      },
    };
    this.#visitors.set(socket, visitor);
    socket.send(writeMeshReply({ action: 'challenge', challenge: visitor.challenge }));
    return true;
  }

  sweep(): void {
    const nowMs = this.#options.clock.monotonicMs();
    this.rooms.sweep(nowMs);
    for (const { socket, isMember, sinceMs } of this.#visitors.values()) {
      if (!isMember && nowMs - sinceMs > JOIN_MS) this.#sockets.cut(socket, 'not_joined');
    }
    this.#sockets.sweep();
  }

  async stop(): Promise<void> {
    await this.#sockets.drain();
  }

  #hear(socket: ClientSocket, frame: Buffer, isBinary: boolean): void {
    const { counters, log, clock } = this.#options;
    const visitor = this.#visitors.get(socket);
    if (!visitor || !socket.isOpen) return;
    counters.framesIn++;
    socket.heardAtMs = clock.monotonicMs();
    if (!this.#sockets.payments.pay(socket, 1)) return;
    try {
      if (isBinary) this.#recordFault(visitor, 'bad_message', 'Cannot read a binary frame: wanted text');
      else this.#take(visitor, readMeshRequest(frame.toString()));
    } catch (error) {
      if (!(error instanceof ProtocolError)) {
        log.error('bug: a frame of the mesh could not be handled', { error });
        this.#sockets.end(socket, 'internal_error');
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
    if (
      !this.#sockets.payments.pay(socket, JOIN_COST + this.#desk.sizeOf(request.room) / RECEIVERS_PER_MESSAGE)
    )
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
      this.#sockets.end(socket, 'too_many_faults', `too many faults, the last: ${what}`);
    } else this.#sockets.payments.pay(socket, FAULT_COST);
  }

  #reject(visitor: Visitor, what: MeshRefusalCode & CloseRefusalCode, detail: string): void {
    visitor.isMember = false;
    this.#refuse(visitor, what, detail);
    this.#sockets.end(visitor.socket, what);
  }
}
