// Memory for frames that are written at the end of the turn of the event loop in which they are made. It is used again in the next turn:
// one allocation for each frame would cost more than the frame, and keep the garbage collector busy.

/** As much as may wait for a slow reader by TRACKER_SEND_BUFFER_BYTES_MAX: one small frame that waits keeps its whole slab. */
const SLAB_BYTES = 262_144;
/** What a busy turn needs beyond this is left to the garbage collector: a turn whose frames are all dropped has no end. */
const SLABS_MAX = 256;
/** After so many turns, one slab that was not needed is given back. */
const TURNS_PER_SLAB = 64;

const slabs: Buffer[] = [];
let current = 0;
let used = 0;
let isInUse = false;
let turns = 0;

/** A piece of memory that is valid until the end of this turn. What must last longer is to be copied. */
export function allocateFrame(bytes: number): Buffer {
  if (bytes > SLAB_BYTES / 4) return Buffer.allocUnsafeSlow(bytes);
  if (used + bytes > SLAB_BYTES) {
    if (current === SLABS_MAX - 1) slabs.pop();
    else current++;
    used = 0;
  }
  const slab = (slabs[current] ??= Buffer.allocUnsafeSlow(SLAB_BYTES));
  used += bytes;
  return slab.subarray(used - bytes, used);
}

/** Something written in this turn waits still, for a slow reader: this turn's memory stays what it is. */
export function keepThisTurnsFrames(): void {
  isInUse = true;
}

/** At the end of a turn, when everything has been handed over. */
export function endTurn(): void {
  if (isInUse) slabs.length = 0;
  else if (++turns % TURNS_PER_SLAB === 0 && slabs.length > current + 1) slabs.pop(); // busy times are over
  current = used = 0;
  isInUse = false;
}
