// How much waits in `peer`'s queues for peers that are not there. `peer` itself keeps any number of messages of any size. Pure.

export interface AbsentLimits {
  readonly queuedPerPeerMax: number;
  readonly queuedBytesMax: number;
  /** When `peer` has certainly thrown the queue away. */
  readonly keptMs: number;
}

/** What a waiting message costs beside its text, so that tiny ones are bounded too. */
const MESSAGE_OVERHEAD_BYTES = 512;

interface Queue {
  readonly sinceMs: number;
  messages: number;
  bytes: number;
}

export class AbsentPeers {
  readonly #limits: AbsentLimits;
  /** In the order of their beginning, so the oldest come first. */
  readonly #queues = new Map<string, Queue>();
  #bytes = 0;

  constructor(limits: AbsentLimits) {
    this.#limits = limits;
  }

  get peers(): number {
    return this.#queues.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Counts a message for an absent peer, or answers false where no more may wait. */
  admit(id: string, textBytes: number, nowMs: number): boolean {
    this.#forgetOld(nowMs);
    const bytes = textBytes + MESSAGE_OVERHEAD_BYTES;
    const queue = this.#queues.get(id);
    if (queue && queue.messages >= this.#limits.queuedPerPeerMax) return false;
    if (this.#bytes + bytes > this.#limits.queuedBytesMax) return false;
    if (queue) {
      queue.messages++;
      queue.bytes += bytes;
    } else this.#queues.set(id, { sinceMs: nowMs, messages: 1, bytes });
    this.#bytes += bytes;
    return true;
  }

  /** The peer has come and was given everything. */
  arrived(id: string): void {
    const queue = this.#queues.get(id);
    if (!queue) return;
    this.#bytes -= queue.bytes;
    this.#queues.delete(id);
  }

  #forgetOld(nowMs: number): void {
    for (const [id, queue] of this.#queues) {
      if (nowMs - queue.sinceMs < this.#limits.keptMs) return;
      this.arrived(id);
    }
  }
}
