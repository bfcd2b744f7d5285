// So many messages in each second; who has had them waits for the next one. Pure: the time is passed in.

const SECOND_MS = 1_000;

export class Rate {
  readonly #perSecond: number;
  #sinceMs = 0;
  #count = 0;

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  /** Counts messages and returns how long to wait before the next: more at once take more seconds. */
  spend(messages: number, nowMs: number): number {
    const seconds = Math.floor((nowMs - this.#sinceMs) / SECOND_MS);
    if (seconds > 0) {
      this.#count = Math.max(0, this.#count - seconds * this.#perSecond);
      this.#sinceMs += seconds * SECOND_MS;
    }
    this.#count += messages;
    const over = Math.floor(this.#count / this.#perSecond);
    return over === 0 ? 0 : this.#sinceMs + over * SECOND_MS - nowMs;
  }
}
