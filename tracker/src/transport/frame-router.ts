// What a connection may send: takes each frame in, keeps to the rates, and hands it to the protocol that the first frame chose.
import { newBucket, takeToken, type Payments, type Rate } from '@relay-swarm/net';
import { REFUSALS } from '@relay-swarm/protocol/refusals';
import { isUtf8 } from 'node:buffer';
import type { Frontend, Protocol } from '../frontends/protocol.ts';
import type { Connection } from './connection.ts';

export interface FrameRouterOptions {
  /** Asked in this order which of them a connection speaks; the last one takes what no other wants. */
  readonly frontends: readonly Frontend<Connection>[];
  /** A connection has sent its first frame. */
  readonly hasSpoken: (connection: Connection) => void;
  readonly payments: Pick<Payments<Connection>, 'take'>;
  readonly monotonicMs: () => number;
  /** Allowed frames that cannot be read or come too fast; a connection with more of them is closed. */
  readonly faults: Rate;
}

/** This many bytes cost as much as one message. An announce with ten offers has about 13 KB. */
const BYTES_PER_TOKEN = 16_384;

/** What a fault costs beside its message: it is answered, and no client makes many. */
const FAULT_COST = 4;

export class FrameRouter {
  readonly #options: FrameRouterOptions;
  readonly counts = { framesIn: 0, tooManyMessages: 0, closedForFaults: 0 };

  constructor(options: FrameRouterOptions) {
    this.#options = options;
  }

  /** For the socket server, which is not told the time. */
  readonly message = (connection: Connection, frame: Buffer, isBinary: boolean): void =>
    this.receive(connection, frame, isBinary, this.#options.monotonicMs());

  receive(connection: Connection, frame: Buffer, isBinary: boolean, nowMs: number): void {
    this.counts.framesIn++;
    connection.isAlive();
    connection.lastFrameMs = nowMs;
    if (frame.length > BYTES_PER_TOKEN) connection.pay(frame.length / BYTES_PER_TOKEN - 1, nowMs);
    if (!this.#options.payments.take(connection, nowMs)) {
      this.counts.tooManyMessages++;
      this.#fault(connection, nowMs, 'message_rate');
    } else if (isBinary && !isUtf8(frame)) {
      this.#fault(connection, nowMs, 'too_many_faults');
    } else if (!(connection.protocol ?? this.#choose(connection, frame)).receive(connection, frame, nowMs)) {
      this.#fault(connection, nowMs, 'too_many_faults');
    }
  }

  closed(connection: Connection, nowMs: number): void {
    connection.protocol?.closed(connection, nowMs);
  }

  #choose(connection: Connection, firstFrame: Buffer): Protocol<Connection> {
    this.#options.hasSpoken(connection);
    const { frontends } = this.#options;
    const frontend = frontends.find((one) => one.recognizes(firstFrame)) ?? frontends.at(-1)!;
    return (connection.protocol = frontend.open(connection));
  }

  #fault(connection: Connection, nowMs: number, reason: 'message_rate' | 'too_many_faults'): void {
    const { faults } = this.#options;
    connection.pay(FAULT_COST, nowMs);
    if (takeToken((connection.faultBucket ??= newBucket(faults, nowMs)), faults, nowMs)) return;
    this.counts.closedForFaults++;
    connection.close(REFUSALS[reason].close, REFUSALS[reason].sentence);
  }
}
