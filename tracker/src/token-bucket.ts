// A rate with a burst. Pure: the time is passed in. Holds two numbers, so that every connection can have some.

export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

export class TokenBucket {
  #tokens: number;
  #filledAtMs: number;

  constructor(rate: Rate, nowMs: number) {
    this.#tokens = rate.burst;
    this.#filledAtMs = nowMs;
  }

  /** Takes one token; false where none is left. */
  take(rate: Rate, nowMs: number): boolean {
    if (nowMs > this.#filledAtMs) {
      this.#tokens = Math.min(
        rate.burst,
        this.#tokens + ((nowMs - this.#filledAtMs) * rate.perSecond) / 1000,
      );
      this.#filledAtMs = nowMs;
    }
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  /** Takes more tokens afterwards, for work whose size showed only when it was done; the debt is bounded by the burst. */
  owe(rate: Rate, tokens: number): void {
    this.#tokens = Math.max(-rate.burst, this.#tokens - tokens);
  }
}
