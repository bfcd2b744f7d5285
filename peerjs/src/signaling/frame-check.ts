// What a connected client may send, and how much: every frame is paid for, read and checked before the engine acts on it.
import { type Log } from '@relay-swarm/kit';
import { countJsonValues, type Payments } from '@relay-swarm/net';
import type { CloseRefusalCode } from '@relay-swarm/protocol/refusals';
import type { ClientSocket } from '../client-socket.ts';
import type { Counters } from '../counters.ts';
import type { Clock } from '../clock.ts';
import type { Delivery } from './engine.ts';
import { isHeartbeat, readMessage, type MessageFault, type Relayed } from './message.ts';
import { expireText } from './words.ts';

export interface FrameLimits {
  readonly idCharsMax: number;
  readonly faultsMax: number;
}

export interface FrameCheckOptions {
  readonly limits: FrameLimits;
  readonly payments: Payments<ClientSocket>;
  /** Passes a message on; `bytes` is what it takes in memory. */
  readonly relay: (sender: ClientSocket, message: Relayed, bytes: number) => Delivery | Promise<Delivery>;
  /** Closes the socket. */
  readonly end: (socket: ClientSocket, reason: CloseRefusalCode, message?: string) => void;
  readonly counters: Counters;
  readonly log: Log;
  readonly clock: Clock;
}

/** A frame costs one message; its bytes are paid for where they arrive, at this price. */
export const BYTES_PER_MESSAGE = 4096;
/** Of a message without a payload: its own price covers them. */
const VALUES_FREE = 3;
/** What each value in a payload counts beside its text: that much memory `{}` takes when it was read (measured: 64, with a key 92). */
const BYTES_PER_VALUE = 96;
/** What a frame costs that goes no further, beside its own price. */
const FAULT_COST = 9;

type Fault = MessageFault | 'binary';

export class FrameCheck {
  readonly #options: FrameCheckOptions;

  constructor(options: FrameCheckOptions) {
    this.#options = options;
  }

  /** A frame has arrived: what is in it goes to the engine, or no further. */
  take(socket: ClientSocket, frame: Buffer, isBinary: boolean): void {
    if (!socket.isOpen) return; // replaced or being closed: its id may be another's by now
    const { counters, clock, limits, payments } = this.#options;
    counters.framesIn++;
    socket.heardAtMs = clock.monotonicMs();
    if (!isBinary && isHeartbeat(frame)) {
      // It only tells that the client lives, and we know now
      if (payments.pay(socket, 1)) counters.heartbeats++;
      return;
    }
    const valueBytes = Math.max(0, countJsonValues(frame) - VALUES_FREE) * BYTES_PER_VALUE;
    if (!payments.pay(socket, 1 + valueBytes / BYTES_PER_MESSAGE)) return;
    if (isBinary) {
      this.#recordFault(socket, 'binary');
      return;
    }
    const read = readMessage(frame.toString(), limits.idCharsMax);
    if (read === 'heartbeat') counters.heartbeats++;
    else if ('fault' in read) {
      this.#recordFault(socket, read.fault);
      // A message that cannot be delivered is reported at once, in the words that otherwise come seconds later.
      if (read.offerTo !== undefined) socket.send(expireText(read.offerTo, socket.id));
    } else this.#relay(socket, read.relayed, frame.length + valueBytes);
  }

  /** Pings, pongs and fragments are paid for too. Whether to go on. */
  takeControl(socket: ClientSocket): boolean {
    socket.heardAtMs = this.#options.clock.monotonicMs();
    return this.#options.payments.pay(socket, 1);
  }

  #relay(socket: ClientSocket, message: Relayed, bytes: number): void {
    const { relay, log, end } = this.#options;
    const failed = (error: unknown): void => {
      log.error('bug: a message could not be passed on', { error });
      end(socket, 'internal_error');
    };
    try {
      const delivery = relay(socket, message, bytes);
      if (typeof delivery === 'string') this.#relayed(socket, message, delivery);
      else delivery.then((later) => this.#relayed(socket, message, later)).catch(failed);
    } catch (error) {
      failed(error);
    }
  }

  #relayed(socket: ClientSocket, message: Relayed, delivery: Delivery): void {
    if (delivery === 'delivered') this.#options.counters.framesOut++;
    else if (delivery !== 'queued' && delivery !== 'dropped' && socket.isOpen)
      this.#tellUndelivered(socket, message, delivery);
  }

  /** Others may have filled the queue, so this costs more, but it is no fault and closes no connection. */
  #tellUndelivered(socket: ClientSocket, { type, dst }: Relayed, reason: Delivery): void {
    this.#options.counters.refusedFrames.add(reason);
    this.#options.payments.pay(socket, FAULT_COST);
    if (type === 'OFFER') socket.send(expireText(dst, socket.id));
  }

  #recordFault(socket: ClientSocket, reason: Fault): void {
    const { limits, payments, counters, log, end } = this.#options;
    counters.refusedFrames.add(reason);
    if (log.isDebug) log.debug('frame refused', { reason, id: socket.id });
    if (++socket.faults > limits.faultsMax)
      end(socket, 'too_many_faults', `too many faults, the last: ${reason}`);
    else payments.pay(socket, FAULT_COST);
  }
}
