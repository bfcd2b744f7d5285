// The end of a run of jest. What a test leaves open, or a thread of a native client, must not keep the gate waiting for ever; jest's own
// option for that prints its advice after every run, also when nothing was left open. With --watch there is no end to wait for.

const OPEN_MS_MAX = 5_000;

export default class EndOfRun {
  #isGood = false;
  #isWatching;

  /** @param {Pick<import('@jest/types').Config.GlobalConfig, 'watch' | 'watchAll'>} config */
  constructor({ watch, watchAll }) {
    this.#isWatching = watch || watchAll;
  }

  /** @param {unknown} _ @param {import('@jest/reporters').AggregatedResult} results */
  onRunComplete(_, results) {
    this.#isGood = results.success && results.numRuntimeErrorTestSuites === 0;
    if (this.#isWatching) return;
    // Does not keep the process alive by itself: it fires only where something else does.
    setTimeout(() => {
      console.error(
        `jest: something that a test left open kept the run from ending for ${OPEN_MS_MAX / 1000} s; ended now`,
      );
      process.exit(this.#isGood ? 0 : 1);
    }, OPEN_MS_MAX).unref();
  }

  getLastError() {
    return undefined;
  }
}
