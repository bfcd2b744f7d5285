// The mesh's WebSockets: what arrives is priced, read and given to the rooms; who is silent, slow or greedy goes.
import type { Log } from '@relay-swarm/kit';
import { drain } from '@relay-swarm/net';
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
import { Payments, ratesOf } from '../payments.ts';
import type { PeerjsSettings } from '../settings.ts';
import { createUpgrade, type ClientSocket, type Upgrade } from '../client-socket.ts';
import type { World } from '../world.ts';
import { isJoinProven } from './join-proof.ts';
import type { MeshCounters } from './mesh-counters.ts';
import { Rooms, type Member, type Seat } from './rooms.ts';

/** A socket that has not joined by then is no member. */
const JOIN_MS = 10_000;
/** What a frame costs beside itself, in messages: by its length, as it arrives, and by how many it is passed on to. */
const BYTES_PER_MESSAGE = 1_024;
const RECEIVERS_PER_MESSAGE = 16;
/** A signature is checked for it. */
const JOIN_COST = 10;
const FAULT_COST = 5;

interface Visitor extends Seat {
  readonly socket: ClientSocket;
  readonly host: string;
  readonly challenge: string;
  readonly sinceMs: number;
  member: Member | undefined;
}

export interface MeshRouteOptions {
  readonly settings: PeerjsSettings;
  readonly counters: MeshCounters;
  readonly log: Log;
  readonly world: World;
  readonly memory: SocketMemory<ClientSocket>;
  readonly leave: (caller: Caller) => void;
}

export class MeshRoute implements UpgradeRoute {
  readonly path = '/mesh';
  readonly rooms: Rooms;
  readonly #options: MeshRouteOptions;
  readonly #upgrade: Upgrade;
  readonly #visitors = new Map<ClientSocket, Visitor>();
  readonly #payments: Payments<ClientSocket>;
  #sweptAtMs: number;

  constructor(options: MeshRouteOptions) {
    const { settings, counters, log, world } = options;
    this.#options = options;
    this.#sweptAtMs = world.nowMs();
    this.rooms = new Rooms({
      roomsMax: settings.meshRoomsMax,
      roomMembersMax: settings.meshRoomMembersMax,
      awayMs: settings.meshAwaySeconds * 1_000,
      fallbackBytesPerSecond: settings.meshFallbackBytesPerSecond,
    });
    const payments = (this.#payments = new Payments<ClientSocket>({
      ...ratesOf(settings),
      bytesPerMessage: BYTES_PER_MESSAGE,
      nowMs: world.nowMs,
      end: (socket) => this.#end(socket, 'message_rate'),
    }));
    this.#upgrade = createUpgrade({
      frameBytesMax: Math.min(settings.frameBytesMax, MESH_FRAME_CHARS_MAX),
      nowMs: world.nowMs,
      listener: {
        frame: (socket, frame, isBinary) => this.#hear(socket, frame, isBinary),
        restMs: (socket, bytes) => payments.restMs(socket, bytes),
        control: (socket) => payments.pay(socket, 1),
        signOfLife: (socket) => (socket.heardAtMs = world.nowMs()),
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
    const nowMs = this.#options.world.nowMs();
    this.#payments.begin(socket);
    socket.heardAtMs = nowMs;
    const visitor: Visitor = {
      socket,
      host: request.headers.host ?? '',
      challenge: randomBytes(32).toString('hex'),
      sinceMs: nowMs,
      member: undefined,
      send: (text) => socket.send(text),
      replaced: () => {
        visitor.member = undefined;
        this.#end(socket, 'replaced');
      },
    };
    this.#visitors.set(socket, visitor);
    socket.send(writeMeshReply({ action: 'challenge', challenge: visitor.challenge }));
    return true;
  }

  sweep(): void {
    const { settings, world } = this.#options;
    const lastMs = this.#sweptAtMs;
    const nowMs = (this.#sweptAtMs = world.nowMs());
    const pingMs = settings.pingSeconds * 1_000;
    this.rooms.sweep(nowMs);
    for (const { socket, member, sinceMs } of this.#visitors.values()) {
      const silentMs = nowMs - socket.heardAtMs;
      if (!member && nowMs - sinceMs > JOIN_MS) this.#cut(socket, 'not_joined');
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
    const { counters, log, world } = this.#options;
    const visitor = this.#visitors.get(socket);
    if (!visitor || !socket.isOpen) return;
    counters.framesIn++;
    socket.heardAtMs = world.nowMs();
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
      this.#blame(visitor, 'bad_message', error.message);
    }
  }

  #take(visitor: Visitor, request: MeshRequest): void {
    const { member, socket } = visitor;
    if (request.action === 'join') {
      this.#join(visitor, request);
      return;
    }
    if (!member) {
      this.#blame(visitor, 'not_joined', `Cannot take "${request.action}": wanted "join" first`);
      return;
    }
    const { counters, world } = this.#options;
    switch (request.action) {
      case 'signal':
        counters.signals++;
        this.rooms.signal(member, request.to, request.data);
        break;
      case 'status':
        if (!this.#payments.pay(socket, member.room.members.size / RECEIVERS_PER_MESSAGE)) return;
        counters.statuses++;
        this.rooms.status(member, request.version, request.data);
        break;
      case 'fallback': {
        const retryMs = this.rooms.fallback(member, request.to, request.data, world.nowMs());
        if (retryMs > 0) {
          this.#refuse(
            visitor,
            'fallback_budget',
            'This room has sent its share through the server',
            retryMs,
          );
        }
        break;
      }
      case 'leave':
        visitor.member = undefined;
        this.rooms.leave(member);
        this.#options.counters.closed.add('left');
        socket.close(1000, 'left');
    }
  }

  #join(visitor: Visitor, request: Extract<MeshRequest, { action: 'join' }>): void {
    const { socket, host, challenge } = visitor;
    if (visitor.member) {
      this.#blame(visitor, 'too_many_rooms', 'Cannot join: a socket is in one room, open another one');
      return;
    }
    if (request.version !== MESH_VERSION) {
      this.#turnAway(
        visitor,
        'bad_version',
        `Cannot speak version ${request.version}: this is ${MESH_VERSION}`,
      );
      return;
    }
    if (!this.#payments.pay(socket, JOIN_COST + this.rooms.sizeOf(request.room) / RECEIVERS_PER_MESSAGE))
      return;
    if (!isJoinProven(request, challenge, host)) {
      const rule = `the challenge, the room and ws(s)://${host} must be signed with the key of the id`;
      this.#turnAway(visitor, 'bad_signature', `Cannot join: ${rule}`);
      return;
    }
    const member = this.rooms.join(request.room, request.id, visitor, this.#options.world.nowMs());
    if (typeof member === 'string') this.#turnAway(visitor, member, 'Cannot join: there is no place left');
    else visitor.member = member;
  }

  #left(socket: ClientSocket): void {
    const visitor = this.#visitors.get(socket);
    this.#visitors.delete(socket);
    if (visitor?.member) this.rooms.disconnect(visitor.member, visitor, this.#options.world.nowMs());
    this.#options.leave(socket.caller);
  }

  #refuse(visitor: Visitor, what: MeshRefusalCode, detail: string, retryMs?: number): void {
    this.#options.counters.refused.add(what);
    const wait = retryMs === undefined ? {} : { retryMs };
    visitor.send(writeMeshReply({ action: 'refused', what, detail: detail.slice(0, 1_024), ...wait }));
  }

  #blame(visitor: Visitor, what: MeshRefusalCode, detail: string): void {
    const { socket } = visitor;
    this.#refuse(visitor, what, detail);
    if (++socket.faults > this.#options.settings.faultsMax) {
      this.#end(socket, 'too_many_faults', `too many faults, the last: ${what}`);
    } else this.#payments.pay(socket, FAULT_COST);
  }

  #turnAway(visitor: Visitor, what: MeshRefusalCode & CloseRefusalCode, detail: string): void {
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
