// Waiting for what must come, and never for a time.

/** Waits until it is so, and tells how many milliseconds that took. @throws with what was waited for */
export const untilWithin =
  (msMax: number) =>
  async (what: string, isSo: () => boolean | Promise<boolean>): Promise<number> => {
    const startMs = performance.now();
    while (!(await isSo())) {
      if (performance.now() - startMs > msMax) throw new Error(`Waited ${msMax} ms for ${what}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return performance.now() - startMs;
  };

/** As long as a busy machine may need, and less than a test has. */
export const until = untilWithin(20_000);
