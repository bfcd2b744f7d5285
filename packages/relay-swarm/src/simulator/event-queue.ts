// What happens when, in virtual time: buckets of ten milliseconds, since millions of events wait at once.

const BUCKET_MS = 10;

export class EventQueue {
  nowMs = 0;
  readonly #buckets = new Map<number, (() => void)[]>();

  /** Runs it so much later. */
  at(inMs: number, run: () => void): void {
    const bucket = Math.floor((this.nowMs + inMs) / BUCKET_MS) + 1;
    const events = this.#buckets.get(bucket);
    if (events === undefined) this.#buckets.set(bucket, [run]);
    else events.push(run);
  }

  run(ms: number): void {
    const untilMs = this.nowMs + ms;
    while (this.nowMs < untilMs) {
      this.nowMs += BUCKET_MS;
      const bucket = this.nowMs / BUCKET_MS;
      const events = this.#buckets.get(bucket);
      if (events === undefined) continue;
      this.#buckets.delete(bucket);
      for (const event of events) event();
    }
  }
}
