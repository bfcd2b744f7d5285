// Closes connections before a stop, spread out, so that their clients do not all reconnect, here or to another relay, at the same moment.

export interface Drainable {
  terminate(): void;
}

export interface DrainOptions<T extends Drainable> {
  /** Lists those that are not closed. */
  readonly open: () => Iterable<T>;
  /** Over how long the closes are spread. */
  readonly spreadMs: number;
  /** Tells one that it ends. */
  readonly close: (one: T) => void;
  /** How long the last ones have to answer before they are cut. */
  readonly answerMs?: number;
  /** Passed in by tests. */
  readonly wait?: (milliseconds: number) => Promise<void>;
}

const SLICE_MS = 50;
const ANSWER_MS = 1_000;

/** Resolves when none is left. Those that connect meanwhile are cut at the end. */
export async function drain<T extends Drainable>(options: DrainOptions<T>): Promise<void> {
  const { open, spreadMs, close, answerMs = ANSWER_MS, wait = pause } = options;
  const all = [...open()];
  const slices = Math.max(1, Math.min(all.length, Math.floor(spreadMs / SLICE_MS)));
  const perSlice = Math.ceil(all.length / slices);
  for (let at = 0; at < all.length; at += perSlice) {
    for (const one of all.slice(at, at + perSlice)) close(one);
    if (at + perSlice < all.length) await wait(SLICE_MS);
  }
  const isAnyLeft = (): boolean => open()[Symbol.iterator]().next().done !== true;
  for (let waitedMs = 0; waitedMs < answerMs && isAnyLeft(); waitedMs += SLICE_MS) await wait(SLICE_MS);
  for (const one of open()) one.terminate();
}

const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));
