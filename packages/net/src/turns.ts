// How strangers share the turns of the event loop. What comes on many connections at once is read in one turn, and all other connections would
// wait until the work of all of them is done: so a turn has a length, and whoever asks for much waits for a later one.

/** Shorter than anybody notices, and long enough for some twenty messages. */
const TURN_MS_MAX = 5;

/** What is waited for a turn only, which is no debt. */
export const NEXT_TURN_MS = 1;

const waiting: (() => void)[] = [];
let beganAtMs: number | undefined = undefined;

/** Calls back in a later turn, one callback per turn: timers that are due together would run in one. */
export function inTurn(callback: () => void): void {
  if (waiting.push(callback) === 1) setImmediate(next);
}

function next(): void {
  const callback = waiting.shift();
  if (waiting.length > 0) setImmediate(next);
  callback?.();
}

/** Whether this turn has lasted long enough, counted from the first time that somebody asked in it. */
export function isTurnOver(nowMs: number): boolean {
  if (beganAtMs !== undefined) return nowMs - beganAtMs >= TURN_MS_MAX;
  beganAtMs = nowMs;
  setImmediate(endTurn);
  return false;
}

function endTurn(): void {
  beganAtMs = undefined;
}
