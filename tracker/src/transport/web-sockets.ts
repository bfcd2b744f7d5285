// Open WebSockets: what comes on them goes to the frame router, the keepalive and the client memory.
import {
  drain,
  Flusher,
  rejectUpgrade,
  type AddressBuckets,
  type Admission,
  type RequestHead,
} from '@relay-swarm/net';
import { SocketServer, type ServerSocket, type SocketEvents } from '@relay-swarm/net/server-socket';
import { REFUSALS } from '@relay-swarm/protocol/refusals';
import type { SocketMemory } from '@relay-swarm/net/socket-memory';
import type { Log } from '@relay-swarm/kit';
import type { Duplex } from 'node:stream';
import type { FrameMemory } from '../frames/frame-memory.ts';
import { Connection, type SendCounts, type Shared } from './connection.ts';
import type { FrameRouter } from './frame-router.ts';
import type { Keepalive } from './keepalive.ts';
import type { SocketErrors } from './socket-errors.ts';

export interface WebSocketsOptions {
  readonly limits: Shared['limits'] & { readonly frameBytesMax: number };
  readonly payments: Shared['payments'];
  readonly memory: FrameMemory;
  readonly router: FrameRouter;
  readonly keepalive: Keepalive;
  readonly clientMemory: SocketMemory<Connection>;
  readonly addressWork: AddressBuckets;
  /** The gate let these connections in. */
  readonly admission: Pick<Admission, 'leave'>;
  readonly errors: SocketErrors;
  readonly log: Log;
}

/** A message of 64 KB may come in pieces of 1 KB. */
const FRAGMENTS_MAX = 64;
const CLOSE_MS_MAX = 5_000;
/** What opening a connection costs its address, in messages. */
const HANDSHAKE_COST = 10;
/** Stopping must leave room below kit's STOP_MS_MAX. */
const STOPPING_MS_MAX = 4_000;
const STOPPING_MS_PER_CONNECTION = 2;
const FAREWELL_MS = 1_000;

export class WebSockets {
  readonly #options: WebSocketsOptions;
  readonly #server: SocketServer<Connection>;
  readonly #shared: Shared;
  readonly counts: SendCounts & { failed: number; upgrades: number } = {
    framesOut: 0,
    offersDropped: 0,
    answersDropped: 0,
    stalled: 0,
    tooManyControlFrames: 0,
    /** Connections ended for a mistake of ours. */
    failed: 0,
    upgrades: 0,
  };

  constructor(options: WebSocketsOptions) {
    const { limits, payments, memory, keepalive, clientMemory } = options;
    this.#options = options;
    this.#shared = {
      limits,
      payments,
      memory,
      flusher: new Flusher((hasMore) => {
        if (hasMore) memory.keepThisTurn(); // a connection sent while others were flushed
        memory.endTurn();
      }),
      counts: this.counts,
      probe: (connection) => keepalive.probe(connection, performance.now()),
      openHolder: (connection) => clientMemory.open(connection.addressKey, connection),
      waits: (connection) => clientMemory.noteWaiting(connection),
      failed: (error) => this.#failed('bug: a connection could not be written to', error),
    };
    this.#server = new SocketServer({
      messageBytesMax: limits.frameBytesMax,
      fragmentsMax: FRAGMENTS_MAX,
      closeMsMax: CLOSE_MS_MAX,
      events: this.#events(),
    });
  }

  #events(): SocketEvents<Connection> {
    const { memory, router, keepalive, clientMemory, addressWork, admission, errors } = this.#options;
    const { flusher } = this.#shared;
    return {
      message: router.message,
      signOfLife: (connection) => connection.isAlive(),
      restMs: (connection, bytes) => connection.restMs(bytes, performance.now()),
      mayRead: (connection) => connection.mayRead(),
      settled: (connection) => {
        if (connection.isUnfinished || connection.isCountedUnfinished || connection.isResting)
          clientMemory.settled(connection, performance.now());
        if (memory.isEnough) flusher.flush();
      },
      fault: (_connection, { name }) => errors.countName(name),
      failed: (connection, error) => {
        this.#failed('bug: a frame could not be handled', error);
        connection.close(REFUSALS.internal_error.close, REFUSALS.internal_error.sentence);
      },
      closed: (connection) => {
        admission.leave(connection.addressKey);
        keepalive.remove(connection);
        clientMemory.remove(connection);
        router.closed(connection, performance.now());
        addressWork.leave(connection.addressKey);
      },
    };
  }

  #failed(text: string, error: unknown): void {
    this.counts.failed++;
    this.#options.log.error(text, { error });
  }

  /** Answers the handshake; from then on the socket is a connection, of which the admission is told when it ends. */
  readonly accept = (request: RequestHead, stream: Duplex, head: Buffer, addressKey: string): void => {
    const fault = this.#server.accept(request, stream, head, (socket) => this.#open(socket, addressKey));
    if (fault === undefined) return;
    stream.once('close', () => this.#options.admission.leave(addressKey));
    rejectUpgrade(stream, fault.code, fault);
  };

  /** Closes with 1012 (service restart), spread out so that the clients do not all come to another relay at the same moment. */
  async closeAll(): Promise<void> {
    const { keepalive } = this.#options;
    await drain({
      open: () => keepalive.connections(),
      spreadMs: Math.min(STOPPING_MS_MAX, keepalive.size * STOPPING_MS_PER_CONNECTION),
      answerMs: FAREWELL_MS,
      close: (connection) => connection.close(REFUSALS.draining.close, REFUSALS.draining.sentence),
    });
  }

  #open(socket: ServerSocket<Connection>, addressKey: string): Connection {
    const { keepalive, addressWork, clientMemory } = this.#options;
    const nowMs = performance.now();
    const from = { addressKey, account: addressWork.enter(addressKey, nowMs), nowMs };
    const connection = new Connection(socket, socket.stream, from, this.#shared);
    connection.pay(HANDSHAKE_COST, nowMs);
    keepalive.add(connection);
    clientMemory.add(connection);
    this.counts.upgrades++;
    return connection;
  }
}
