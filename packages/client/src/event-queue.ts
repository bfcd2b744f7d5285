// An async iterator that keeps what comes while nobody is asking, in order, from the moment on that it was made.

export class EventQueue<T> implements AsyncIterableIterator<T> {
  readonly #waiting: ((result: IteratorResult<T, undefined>) => void)[] = [];
  readonly #onEnd: () => void;
  #kept: T[] = [];
  #isEnded = false;

  constructor(onEnd: () => void = () => undefined) {
    this.#onEnd = onEnd;
  }

  push(value: T): void {
    if (this.#isEnded) return;
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#kept.push(value);
    else waiting({ value, done: false });
  }

  /** What was kept is still given out; then it is over. */
  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    for (const waiting of this.#waiting.splice(0)) waiting({ value: undefined, done: true });
    this.#onEnd();
  }

  next(): Promise<IteratorResult<T, undefined>> {
    if (this.#kept.length > 0) return Promise.resolve({ value: this.#kept.shift()!, done: false });
    if (this.#isEnded) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** `break` out of `for await`. */
  return(): Promise<IteratorResult<T, undefined>> {
    this.#kept = [];
    this.end();
    return Promise.resolve({ value: undefined, done: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
