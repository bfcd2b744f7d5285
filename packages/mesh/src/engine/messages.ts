// From packets to messages: the parts of a message put together, and messages held back until those before them have come.
import type { PacketHeader } from '@relay-swarm/protocol/mesh-packet';
import { Timers, type Timer } from './timers.ts';

export interface Message {
  readonly header: PacketHeader;
  readonly payload: Uint8Array;
  readonly hops: number;
}

const PART_BYTES_MIN = 256;
const UNFINISHED_MAX = 256;
const UNFINISHED_MS = 60_000;

interface Unfinished {
  readonly parts: (Uint8Array | undefined)[];
  left: number;
  bytes: number;
  touchedAtMs: number;
}

/** Puts the parts of messages together, within a number of bytes for each message and four times that in all. */
export class Reassembly {
  readonly #messageBytesMax: number;
  readonly #unfinished = new Map<string, Unfinished>();
  #bytes = 0;

  constructor(messageBytesMax: number) {
    this.#messageBytesMax = messageBytesMax;
  }

  get size(): number {
    return this.#unfinished.size;
  }

  /** The whole payload with the last part that was missing. */
  add(header: PacketHeader, payload: Uint8Array, nowMs: number): Uint8Array | undefined {
    if (header.chunks === 1) return payload;
    if (header.chunks * PART_BYTES_MIN > this.#messageBytesMax) return undefined; // parts that small are no message of ours
    const key = messageKey(header);
    let message = this.#unfinished.get(key);
    if (!message) {
      const parts = new Array<Uint8Array | undefined>(header.chunks).fill(undefined);
      message = { parts, left: header.chunks, bytes: 0, touchedAtMs: nowMs };
    }
    if (header.chunks !== message.parts.length || message.parts[header.chunk] !== undefined) return undefined;
    this.#unfinished.delete(key);
    message.parts[header.chunk] = payload;
    message.left--;
    message.bytes += payload.length;
    message.touchedAtMs = nowMs;
    this.#bytes += payload.length;
    if (message.left === 0) {
      this.#bytes -= message.bytes;
      const whole = new Uint8Array(message.bytes);
      let at = 0;
      for (const part of message.parts) {
        whole.set(part!, at);
        at += part!.length;
      }
      return whole;
    }
    if (message.bytes > this.#messageBytesMax) this.#bytes -= message.bytes;
    else this.#unfinished.set(key, message); // last touched is last
    this.#trim(nowMs);
    return undefined;
  }

  /** When a part of the message came last. */
  progressAtMs(key: string): number {
    return this.#unfinished.get(key)?.touchedAtMs ?? Number.NEGATIVE_INFINITY;
  }

  clear(): void {
    this.#unfinished.clear();
    this.#bytes = 0;
  }

  #trim(nowMs: number): void {
    for (const [key, { touchedAtMs, bytes }] of this.#unfinished) {
      const isTooMuch = this.#unfinished.size > UNFINISHED_MAX || this.#bytes > 4 * this.#messageBytesMax;
      if (!isTooMuch && nowMs - touchedAtMs <= UNFINISHED_MS) break;
      this.#unfinished.delete(key);
      this.#bytes -= bytes;
    }
  }
}

export const messageKey = ({ source, epoch, seq }: Pick<PacketHeader, 'source' | 'epoch' | 'seq'>): string =>
  `${source}.${epoch}.${seq}`;

const WAITING_MAX = 256;
const NEWCOMER_WAIT_MS = 500;
const SOURCES_MAX = 4_096;

interface Sequence {
  epoch: number;
  /** Undefined until the first has been delivered: a newcomer starts wherever the source is. */
  next: number | undefined;
  readonly waiting: Map<number, Message>;
  timer: Timer | undefined;
}

/** Gives the ordered messages of each source in their order. One that comes too late is dropped, and counted. */
export class Ordering {
  readonly #timers: Timers;
  readonly #waitMs: number;
  readonly #deliver: (message: Message) => void;
  readonly #late: () => void;
  readonly #sequences = new Map<string, Sequence>();

  constructor(options: {
    timers: Timers;
    waitMs: number;
    deliver: (message: Message) => void;
    late: () => void;
  }) {
    this.#timers = options.timers;
    this.#waitMs = options.waitMs;
    this.#deliver = options.deliver;
    this.#late = options.late;
  }

  add(message: Message, nowMs: number): void {
    const { source, epoch, order } = message.header;
    if (order === 0) {
      this.#deliver(message);
      return;
    }
    let sequence = this.#sequences.get(source);
    if (!sequence || epoch > sequence.epoch) {
      if (sequence) this.#release(sequence);
      sequence = { epoch, next: order === 1 ? 1 : undefined, waiting: new Map(), timer: undefined };
      this.#sequences.set(source, sequence);
      if (this.#sequences.size > SOURCES_MAX) this.forget(this.#sequences.keys().next().value!);
    }
    if (epoch < sequence.epoch || (sequence.next !== undefined && order < sequence.next)) {
      this.#late();
      return;
    }
    sequence.waiting.set(order, message);
    if (order === 1) sequence.next = 1;
    this.#advance(sequence);
    if (sequence.waiting.size > WAITING_MAX) this.#skip(sequence);
    this.#rearm(sequence, nowMs);
  }

  /** Delivers what waits. */
  forget(source: string): void {
    const sequence = this.#sequences.get(source);
    if (!sequence) return;
    this.#sequences.delete(source);
    this.#release(sequence);
  }

  clear(): void {
    for (const { timer } of this.#sequences.values()) Timers.cancel(timer);
    this.#sequences.clear();
  }

  #advance(sequence: Sequence): void {
    while (sequence.next !== undefined) {
      const message = sequence.waiting.get(sequence.next);
      if (!message) return;
      sequence.waiting.delete(sequence.next);
      sequence.next++;
      this.#deliver(message);
    }
  }

  /** Gives up on what has not come. */
  #skip(sequence: Sequence): void {
    sequence.next = Math.min(...sequence.waiting.keys());
    this.#advance(sequence);
  }

  #release(sequence: Sequence): void {
    Timers.cancel(sequence.timer);
    while (sequence.waiting.size > 0) this.#skip(sequence);
  }

  #rearm(sequence: Sequence, nowMs: number): void {
    Timers.cancel(sequence.timer);
    sequence.timer = undefined;
    if (sequence.waiting.size === 0) return;
    // A newcomer does not know where the source is: whether something comes before the first that it hears, shows soon.
    const waitMs = sequence.next === undefined ? Math.min(NEWCOMER_WAIT_MS, this.#waitMs) : this.#waitMs;
    sequence.timer = this.#timers.at(nowMs + waitMs, (laterMs) => {
      this.#skip(sequence);
      this.#rearm(sequence, laterMs);
    });
  }
}
