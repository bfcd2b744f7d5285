/** Waits until it is so; the seconds that it took. Throws where it takes too long. */
export async function until(isSo: () => boolean | Promise<boolean>, secondsMax: number): Promise<number> {
  const startedAtMs = performance.now();
  for (;;) {
    const seconds = (performance.now() - startedAtMs) / 1000;
    if (await isSo()) return seconds;
    if (seconds > secondsMax) throw new Error(`it was not so within ${secondsMax} s`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
