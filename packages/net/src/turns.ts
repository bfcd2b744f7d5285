// Connections that have waited for their debts are read from again one after the other, each in its own turn of the event loop. Timers that
// are due together run in one turn, and all other connections would wait until the work of all of them is done.

const waiting: (() => void)[] = [];

/** Calls back in a later turn, one callback per turn. */
export function inTurn(callback: () => void): void {
  if (waiting.push(callback) === 1) setImmediate(next);
}

function next(): void {
  const callback = waiting.shift();
  if (waiting.length > 0) setImmediate(next);
  callback?.();
}
