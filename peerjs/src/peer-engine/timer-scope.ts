// Timers of a library that sets them again for ever and offers no way to stop them.

/**
 * While held code runs, here and later in the timers that it has set, `setTimeout` is ours and we know what it starts.
 * Only code that runs without interruption may be held: everything else must not see the exchange.
 */
export class TimerScope {
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #isWanted: (delayMs: number | undefined) => boolean;

  constructor(isWanted: (delayMs: number | undefined) => boolean) {
    this.#isWanted = isWanted;
  }

  hold(code: () => unknown): void {
    const original = globalThis.setTimeout;
    const start = (callback: () => void, delayMs?: number): NodeJS.Timeout | undefined => {
      if (!this.#isWanted(delayMs)) return undefined;
      const timer = original(() => {
        this.#timers.delete(timer);
        this.hold(callback);
      }, delayMs);
      this.#timers.add(timer);
      return timer;
    };
    globalThis.setTimeout = start as unknown as typeof setTimeout;
    try {
      code();
    } finally {
      globalThis.setTimeout = original;
    }
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }
}
