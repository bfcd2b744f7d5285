// Messages for whoever iterates over them: kept while nobody asks, up to a number, the oldest dropped first.

const WAITING_MAX = 1_024;

export class Inbox<T> implements AsyncIterableIterator<T> {
  readonly #waiting: T[] = [];
  readonly #askers: ((result: IteratorResult<T>) => void)[] = [];
  readonly #ended: () => void;
  #isDone = false;

  constructor(ended: () => void) {
    this.#ended = ended;
  }

  put(value: T): void {
    if (this.#isDone) return;
    const asker = this.#askers.shift();
    if (asker) {
      asker({ done: false, value });
      return;
    }
    this.#waiting.push(value);
    if (this.#waiting.length > WAITING_MAX) this.#waiting.shift();
  }

  next(): Promise<IteratorResult<T>> {
    const value = this.#waiting.shift();
    if (value !== undefined) return Promise.resolve({ done: false, value });
    if (this.#isDone) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => this.#askers.push(resolve));
  }

  /** What waits can still be read. */
  return(): Promise<IteratorResult<T>> {
    if (!this.#isDone) {
      this.#isDone = true;
      this.#ended();
      for (const asker of this.#askers.splice(0)) asker({ done: true, value: undefined });
    }
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
