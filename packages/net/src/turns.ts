// Those who have waited for their debts are read from again one after the other, each in a turn of the event loop of its own: timers that are
// due together run together, and what they begin would keep everybody else waiting until the last of it is done.

const waiting: (() => void)[] = [];

/** Calls back in a coming turn, in which nobody else who asked here is called. */
export function inTurn(callback: () => void): void {
  if (waiting.push(callback) === 1) setImmediate(next);
}

function next(): void {
  const callback = waiting.shift();
  if (waiting.length > 0) setImmediate(next);
  callback?.();
}
