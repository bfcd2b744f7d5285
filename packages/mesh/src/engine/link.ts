// One link, as the engine sees it: what waits to be sent over it, the important first, and what its pings tell.

/** The order of sending: control, then small messages, then bulk. An announcement must not wait for a large file. */
export type Lane = 0 | 1 | 2;
const SMALL_BYTES = 2_048;
export const laneOf = (bytes: number): Lane => (bytes <= SMALL_BYTES ? 1 : 2);
/** A link that leaves this much control unsent is dead or hostile. */
const CONTROL_QUEUE_BYTES_MAX = 1_048_576;
const RTT_SHARE = 0.25;

export interface LinkLimits {
  readonly windowBytes: number;
  readonly queueBytesMax: number;
}

export class Link {
  readonly peer: string;
  readonly openedAtMs: number;
  readonly #limits: LinkLimits;
  readonly #lanes: [Uint8Array[], Uint8Array[], Uint8Array[]] = [[], [], []];
  readonly #queuedBytes: [number, number, number] = [0, 0, 0];
  #flyingBytes = 0;
  rttMs = 0;
  /** Of the ping that is on its way. */
  ping: { readonly token: number; readonly sentAtMs: number } | undefined;
  pingedAtMs = 0;
  faults = 0;
  sentBytes = 0;
  receivedBytes = 0;
  /** Announcements that wait to be sent together. */
  readonly haves = new Map<
    string,
    { source: string; epoch: number; seq: number; chunk: number; bytes: number }
  >();

  constructor(peer: string, nowMs: number, limits: LinkLimits) {
    this.peer = peer;
    this.openedAtMs = nowMs;
    this.#limits = limits;
  }

  get queuedBytes(): number {
    return this.#queuedBytes[0] + this.#queuedBytes[1] + this.#queuedBytes[2];
  }

  get waitingBytes(): number {
    return this.queuedBytes + this.#flyingBytes;
  }

  /** Whether control piles up: nobody reads at the other end. */
  get isStuck(): boolean {
    return this.#queuedBytes[0] > CONTROL_QUEUE_BYTES_MAX;
  }

  measured(rttMs: number): void {
    this.rttMs = this.rttMs === 0 ? rttMs : this.rttMs + RTT_SHARE * (rttMs - this.rttMs);
  }

  /** False where the link is too far behind for more. */
  enqueue(bytes: Uint8Array, lane: Lane): boolean {
    if (lane !== 0 && this.queuedBytes + bytes.length > this.#limits.queueBytesMax) return false;
    this.#lanes[lane].push(bytes);
    this.#queuedBytes[lane] += bytes.length;
    return true;
  }

  drained(): void {
    this.#flyingBytes = 0;
  }

  /** What may be handed to the link now. */
  *take(): Generator<Uint8Array> {
    for (const lane of [0, 1, 2] as const) {
      const queue = this.#lanes[lane];
      let taken = 0;
      // Control does not wait for the window: it is small, and pings measure what waits before them.
      while (taken < queue.length && (lane === 0 || this.#flyingBytes < this.#limits.windowBytes)) {
        const bytes = queue[taken++]!;
        this.#queuedBytes[lane] -= bytes.length;
        this.#flyingBytes += bytes.length;
        this.sentBytes += bytes.length;
        yield bytes;
      }
      queue.splice(0, taken);
    }
  }
}
