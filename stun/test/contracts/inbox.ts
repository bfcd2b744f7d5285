// What came and has not been looked at yet; a wait for the next has an end.
const WAIT_MS_MAX = 3_000;

export class Inbox<T> {
  readonly #items: T[] = [];
  #wake: () => void = () => undefined;

  add(item: T): void {
    this.#items.push(item);
    this.#wake();
  }

  /** The next one, or undefined where none comes in time. */
  async next(waitMs = WAIT_MS_MAX): Promise<T | undefined> {
    if (this.#items.length === 0) {
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        timer = setTimeout(resolve, waitMs);
      });
      clearTimeout(timer);
    }
    return this.#items.shift();
  }
}
