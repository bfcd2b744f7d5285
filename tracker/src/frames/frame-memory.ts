// Memory for frames that are written at the end of the turn of the event loop in which they are made. It is used again in the next turn:
// one allocation for each frame would cost more than the frame, and keep the garbage collector busy.

/** As much as may wait for a slow reader by TRACKER_SEND_BUFFER_BYTES_MAX: one small frame that waits keeps its whole slab. */
const SLAB_BYTES = 262_144;
/** A turn that has made more than this should write it before it makes more: 16 MB. Sooner, and each write has fewer frames (measured). */
const SLABS_ENOUGH = 64;
/** What is needed beyond this is left to the garbage collector. */
const SLABS_MAX = 80;
/** After so many turns, one slab that was not needed is given back. */
const TURNS_PER_SLAB = 64;

export class FrameMemory {
  readonly #slabs: Buffer[] = [];
  #current = 0;
  #used = 0;
  #isInUse = false;
  #turns = 0;

  /** A piece of memory that is valid until the end of this turn. What must last longer is to be copied. */
  allocate(bytes: number): Buffer {
    if (bytes > SLAB_BYTES / 4) return Buffer.allocUnsafeSlow(bytes);
    if (this.#used + bytes > SLAB_BYTES) {
      if (this.#current === SLABS_MAX - 1) this.#slabs.pop();
      else this.#current++;
      this.#used = 0;
    }
    const slab = (this.#slabs[this.#current] ??= Buffer.allocUnsafeSlow(SLAB_BYTES));
    const start = this.#used;
    this.#used += bytes;
    return slab.subarray(start, start + bytes);
  }

  /** Whether what was made should be written now, and not at the end of this turn. */
  get isEnough(): boolean {
    return this.#current >= SLABS_ENOUGH;
  }

  /** A frame of this turn still waits for a slow reader, so this turn's memory must not be used again. */
  keepThisTurn(): void {
    this.#isInUse = true;
  }

  /** At the end of a turn, when everything has been handed over. */
  endTurn(): void {
    if (this.#isInUse) this.#slabs.length = 0;
    else if (++this.#turns % TURNS_PER_SLAB === 0 && this.#slabs.length > this.#current + 1)
      this.#slabs.pop(); // busy times are over
    this.#current = this.#used = 0;
    this.#isInUse = false;
  }
}
