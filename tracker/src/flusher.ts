// Gathers what connections are to send during one turn of the event loop and lets each write once at its end. There is one loop, so there is
// one of this. `setImmediate` runs right after the sockets that were readable in this turn were read, so an idle loop adds no delay.
import { endTurn, keepThisTurnsFrames } from './frame-memory.ts';

export interface Flushable {
  flush(): void;
}

let waiting: Flushable[] = [];
let spare: Flushable[] = [];

export function flushLater(one: Flushable): void {
  if (waiting.push(one) === 1) setImmediate(flushAll);
}

function flushAll(): void {
  const now = waiting;
  waiting = spare;
  for (const one of now) one.flush();
  now.length = 0;
  spare = now;
  if (waiting.length > 0) keepThisTurnsFrames(); // somebody sent while others were flushed
  endTurn();
}
