// Work in small steps that yields to the event loop: fan-out to thousands, expiry, clearing up behind somebody who leaves. Jobs take turns,
// so that a small one does not wait for a large one. Pure: the clock and the turns are passed in.

/** One step for each `next()`; a generator function makes such. */
export type Steps = Iterator<unknown, unknown>;

export interface SlicedWorkOptions {
  readonly nowMs: () => number;
  /** `setImmediate`, which runs after the sockets that are readable. */
  readonly nextTurn: (callback: () => void) => unknown;
  /** How long the event loop may be held in one turn. */
  readonly sliceMs?: number;
  /** A step threw: its job ends, the others go on. */
  readonly failed: (error: unknown) => void;
}

const SLICE_MS = 4;
/** Steps of one job before the next one's turn; the clock is looked at as often. */
const STEPS_AT_ONCE = 16;

export class SlicedWork {
  readonly #options: SlicedWorkOptions;
  readonly #sliceMs: number;
  #jobs: Steps[] = [];
  #isWaiting = false;

  constructor(options: SlicedWorkOptions) {
    this.#options = options;
    this.#sliceMs = options.sliceMs ?? SLICE_MS;
  }

  /** Jobs that are not done. */
  get jobs(): number {
    return this.#jobs.length;
  }

  /** Begins at once with what fits into a few steps, and goes on in later turns. */
  start(job: Steps): void {
    if (this.#advance(job)) return;
    this.#jobs.push(job);
    this.#wait();
  }

  #wait(): void {
    if (this.#isWaiting || this.#jobs.length === 0) return;
    this.#isWaiting = true;
    this.#options.nextTurn(this.#turn);
  }

  readonly #turn = (): void => {
    this.#isWaiting = false;
    const untilMs = this.#options.nowMs() + this.#sliceMs;
    let at = 0;
    do {
      const job = this.#jobs[at]!;
      if (this.#advance(job)) this.#jobs.splice(at, 1);
      else at++;
      if (at >= this.#jobs.length) at = 0;
    } while (this.#jobs.length > 0 && this.#options.nowMs() < untilMs);
    // Whoever's turn is next begins the next slice.
    if (at > 0) this.#jobs.push(...this.#jobs.splice(0, at));
    this.#wait();
  };

  /** Whether the job is done. */
  #advance(job: Steps): boolean {
    try {
      for (let step = 0; step < STEPS_AT_ONCE; step++) if (job.next().done === true) return true;
      return false;
    } catch (error) {
      this.#options.failed(error);
      return true;
    }
  }
}
