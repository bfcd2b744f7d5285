// The open WebSockets of one path: each pays for what it sends, is pinged when it is silent, and is ended with a reason that is counted.
import type { Log } from '@relay-swarm/kit';
import {
  type AddressBuckets,
  drain,
  isTurnOver,
  keepaliveStep,
  Payments,
  type RequestHead,
} from '@relay-swarm/net';
import type { SocketMemory } from '@relay-swarm/net/socket-memory';
import { REFUSALS, type CloseRefusalCode } from '@relay-swarm/protocol/refusals';
import type { Duplex } from 'node:stream';
import type { Caller } from './callers.ts';
import { createUpgrade, type ClientSocket, type SocketListener, type Upgrade } from './client-socket.ts';
import type { Clock } from './clock.ts';
import type { Tally } from './counters.ts';
import { messageRate, PIECE_COST, type PeerjsSettings } from './settings.ts';

/** What the service hands to each route. */
export interface RouteParts {
  readonly settings: PeerjsSettings;
  readonly log: Log;
  readonly clock: Clock;
  readonly memory: SocketMemory<ClientSocket>;
  readonly addresses: AddressBuckets;
  /** Called once for each connection that `upgrade` has opened, when it is closed. */
  readonly leave: (caller: Caller) => void;
}

/** How one route differs from another. */
export interface RouteKind extends Pick<SocketListener, 'frame' | 'control' | 'broken' | 'left'> {
  readonly frameBytesMax: number;
  /** What a frame costs beside itself, by its length. */
  readonly bytesPerMessage: number;
  /** Sockets that we closed, by reason. */
  readonly closed: Tally;
  readonly rests?: () => void;
}

export class RouteSockets {
  readonly payments: Payments<ClientSocket>;
  readonly #parts: RouteParts;
  readonly #closed: Tally;
  readonly #upgrade: Upgrade;
  readonly #open = new Set<ClientSocket>();
  #sweptAtMs: number;

  constructor(parts: RouteParts, kind: RouteKind) {
    const { settings, log, memory, addresses } = parts;
    const { monotonicMs } = parts.clock;
    this.#parts = parts;
    this.#closed = kind.closed;
    this.#sweptAtMs = monotonicMs();
    const payments = (this.payments = new Payments<ClientSocket>({
      own: messageRate(settings),
      pieceCost: PIECE_COST,
      bytesPerMessage: kind.bytesPerMessage,
      end: (socket) => this.end(socket, 'message_rate'),
      ...(kind.rests && { rests: kind.rests }),
      ...{ addresses, monotonicMs },
      isTurnOver,
    }));
    this.#upgrade = createUpgrade({
      listener: {
        frame: (socket, frame, isBinary) => kind.frame(socket, frame, isBinary),
        restMs: (socket, bytes) => payments.restMs(socket, bytes),
        control: (socket) => kind.control(socket),
        signOfLife: (socket) => (socket.heardAtMs = monotonicMs()),
        broken: (code) => kind.broken(code),
        stalled: (socket) => this.cut(socket, 'slow_reader'),
        failed: (socket, error) => {
          log.error('bug: a client could not be served', { error });
          this.cut(socket, 'internal_error');
        },
        left: (socket) => {
          this.#open.delete(socket);
          kind.left(socket);
          parts.leave(socket.caller);
        },
      },
      frameBytesMax: kind.frameBytesMax,
      sendBufferBytesMax: settings.sendBufferBytesMax,
      ended: (socket, reason) => this.end(socket, reason),
      ...{ memory, monotonicMs },
    });
  }

  /** Takes the stream over; undefined where that opened no connection. */
  open(request: RequestHead, stream: Duplex, head: Buffer, caller: Caller): ClientSocket | undefined {
    const socket = this.#upgrade(request, stream, head, caller);
    if (socket === undefined) return undefined;
    this.payments.begin(socket);
    socket.heardAtMs = this.#parts.clock.monotonicMs();
    this.#open.add(socket);
    return socket;
  }

  /** Tells the client why. */
  end(socket: ClientSocket, reason: CloseRefusalCode, sentence: string = REFUSALS[reason].sentence): void {
    this.#closed.add(reason);
    socket.close(REFUSALS[reason].close, sentence);
  }

  /** Without a word: nobody reads it. */
  cut(socket: ClientSocket, reason: CloseRefusalCode): void {
    this.#closed.add(reason);
    socket.terminate();
  }

  /** Pings those that were silent, cuts those that stay so. Every frame counts as life, so busy clients are never pinged. Once a second. */
  sweep(): void {
    const { settings, clock } = this.#parts;
    const lastMs = this.#sweptAtMs;
    const nowMs = (this.#sweptAtMs = clock.monotonicMs());
    const pingMs = settings.pingSeconds * 1000;
    const periodsMax = settings.idleSeconds / settings.pingSeconds;
    for (const socket of this.#open) {
      const periods = (nowMs - socket.heardAtMs) / pingMs;
      const periodsBefore = (lastMs - socket.heardAtMs) / pingMs;
      const step = keepaliveStep(socket.isResting, { periods, periodsBefore }, periodsMax);
      if (step === 'end') this.cut(socket, 'idle');
      else if (step === 'ping') socket.ping();
    }
  }

  /** Closes all of them, spread over some seconds. */
  async drain(): Promise<void> {
    await drain({
      open: () => this.#open,
      spreadMs: this.#parts.settings.drainSeconds * 1000,
      close: (socket) => this.end(socket, 'draining'),
    });
  }
}
