// Messages for peers that are not there yet: a page often calls another that is just being loaded. A queue lives as long as its first message
// may wait, and is then dropped as a whole, so that a sender is told once that its receiver did not come. Pure: the time is passed in.
import type { OfflineLimits } from './engine.ts';

/** What a waiting message costs beside its own bytes, so that tiny ones are bounded too. */
const MESSAGE_OVERHEAD_BYTES = 512;

export interface Waiting<M> {
  readonly message: M;
  readonly sender: string;
}

interface Queue<M> {
  readonly waiting: Waiting<M>[];
  readonly sinceMs: number;
  bytes: number;
}

export class OfflineQueue<M> {
  readonly #limits: OfflineLimits & { readonly expireMs: number };
  /** The oldest first. */
  readonly #queues = new Map<string, Queue<M>>();
  #bytes = 0;

  constructor(limits: OfflineLimits & { readonly expireMs: number }) {
    this.#limits = limits;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The ids for which messages wait. */
  get ids(): Iterable<string> {
    return this.#queues.keys();
  }

  get peers(): number {
    return this.#queues.size;
  }

  /** False where no more may wait. */
  add(peer: string, waiting: Waiting<M>, messageBytes: number, nowMs: number): boolean {
    const { queuedPerPeerMax, queuedBytesPerPeerMax, queuedBytesMax } = this.#limits;
    const bytes = messageBytes + MESSAGE_OVERHEAD_BYTES;
    const known = this.#queues.get(peer);
    if (known !== undefined && known.waiting.length >= queuedPerPeerMax) return false;
    if ((known?.bytes ?? 0) + bytes > queuedBytesPerPeerMax || this.#bytes + bytes > queuedBytesMax)
      return false;
    const queue = known ?? { waiting: [], sinceMs: nowMs, bytes: 0 };
    if (known === undefined) this.#queues.set(peer, queue);
    queue.waiting.push(waiting);
    queue.bytes += bytes;
    this.#bytes += bytes;
    return true;
  }

  /** The peer has come: what has waited for it, in the order in which it was sent. */
  take(peer: string): readonly Waiting<M>[] {
    const queue = this.#queues.get(peer);
    if (queue === undefined) return [];
    this.#queues.delete(peer);
    this.#bytes -= queue.bytes;
    return queue.waiting;
  }

  /** Drops the queues whose time is over; calls `expired` once for each sender of each. */
  expire(nowMs: number, expired: (peer: string, sender: string) => void): void {
    for (const [peer, queue] of this.#queues) {
      if (nowMs - queue.sinceMs < this.#limits.expireMs) return;
      const senders = new Set(this.take(peer).map(({ sender }) => sender));
      for (const sender of senders) expired(peer, sender);
    }
  }
}
