// How much waits in `peer`'s queues for peers that are not there. `peer` itself keeps any number of messages of any size. Pure.

import type { OfflineLimits } from '../signaling/engine.ts';

export interface QueueAccountLimits extends OfflineLimits {
  /** When `peer` has certainly thrown a message away. */
  readonly keptMs: number;
}

/** What a waiting message costs beside its own bytes, so that tiny ones are bounded too. */
const MESSAGE_OVERHEAD_BYTES = 512;

interface Waiting {
  readonly id: string;
  readonly bytes: number;
  readonly sinceMs: number;
}

interface Queue {
  readonly messages: Waiting[];
  bytes: number;
}

export class QueueAccount {
  readonly #limits: QueueAccountLimits;
  readonly #queues = new Map<string, Queue>();
  /**
   * All messages, the oldest first. Each has its own time: `peer` may have thrown the queue away in which the first ones were, and have begun
   * another for the last ones.
   */
  readonly #waiting = new Set<Waiting>();
  #bytes = 0;

  constructor(limits: QueueAccountLimits) {
    this.#limits = limits;
  }

  get peers(): number {
    return this.#queues.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Counts a message for an absent peer, or answers false where no more may wait. */
  admit(id: string, messageBytes: number, nowMs: number): boolean {
    this.#forgetOld(nowMs);
    const { queuedPerPeerMax, queuedBytesPerPeerMax, queuedBytesMax } = this.#limits;
    const bytes = messageBytes + MESSAGE_OVERHEAD_BYTES;
    const queue = this.#queues.get(id) ?? { messages: [], bytes: 0 };
    if (queue.messages.length >= queuedPerPeerMax) return false;
    if (queue.bytes + bytes > queuedBytesPerPeerMax || this.#bytes + bytes > queuedBytesMax) return false;
    const one: Waiting = { id, bytes, sinceMs: nowMs };
    queue.messages.push(one);
    queue.bytes += bytes;
    this.#queues.set(id, queue);
    this.#waiting.add(one);
    this.#bytes += bytes;
    return true;
  }

  /** The peer has come and was sent everything. */
  arrived(id: string): void {
    const queue = this.#queues.get(id);
    if (!queue) return;
    for (const one of queue.messages) this.#waiting.delete(one);
    this.#bytes -= queue.bytes;
    this.#queues.delete(id);
  }

  #forgetOld(nowMs: number): void {
    for (const one of this.#waiting) {
      if (nowMs - one.sinceMs < this.#limits.keptMs) return;
      this.#waiting.delete(one);
      this.#bytes -= one.bytes;
      const queue = this.#queues.get(one.id)!;
      queue.messages.shift(); // the oldest of all is the oldest of its own queue
      queue.bytes -= one.bytes;
      if (queue.messages.length === 0) this.#queues.delete(one.id);
    }
  }
}
