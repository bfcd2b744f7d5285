// Gathers what connections are to send during one turn of the event loop and lets each write once at its end.
// `setImmediate` runs right after the sockets that were readable in this turn were read, so an idle loop adds no delay.

export interface Flushable {
  flush(): void;
}

export class Flusher {
  #waiting: Flushable[] = [];
  #spare: Flushable[] = [];

  add(one: Flushable): void {
    if (this.#waiting.push(one) === 1) setImmediate(this.#flush);
  }

  readonly #flush = (): void => {
    const now = this.#waiting;
    this.#waiting = this.#spare;
    for (const one of now) one.flush();
    now.length = 0;
    this.#spare = now;
  };
}
