// Gathers the connections that have something to write in one turn of the event loop and lets each write once at its end. `setImmediate` runs
// right after the sockets that were readable in this turn were read, so an idle loop adds no delay.

export interface Flushable {
  flush(): void;
  /** Its `flush()` threw: it ends, and the others go on. */
  fail(error: unknown): void;
}

export class Flusher {
  readonly #turnEnds: (hasMore: boolean) => void;
  #waiting: Flushable[] = [];
  #spare: Flushable[] = [];

  /** `turnEnds` is told whether any were added while others were flushed; those are flushed in the next turn. */
  constructor(turnEnds: (hasMore: boolean) => void = () => undefined) {
    this.#turnEnds = turnEnds;
  }

  add(one: Flushable): void {
    if (this.#waiting.push(one) === 1) setImmediate(this.flush);
  }

  /** Lets all that wait write at once, before the turn ends. */
  readonly flush = (): void => {
    const now = this.#waiting;
    this.#waiting = this.#spare;
    for (const one of now) {
      try {
        one.flush();
      } catch (error) {
        one.fail(error);
      }
    }
    now.length = 0;
    this.#spare = now;
    this.#turnEnds(this.#waiting.length > 0);
  };
}
