// Room for outgoing packets: space is handed out from the front of a slab and never written again, so that a socket may
// keep a packet as long as it likes. A full slab is left to the garbage collector.

/** Four times the largest packet there is. */
const SLAB_BYTES = 262_144;

export class PacketArena {
  buffer = Buffer.allocUnsafeSlow(SLAB_BYTES);
  #used = 0;

  /** Where in `buffer` the packet may be written. `buffer` may be another one after this. */
  take(bytes: number): number {
    if (this.#used + bytes > SLAB_BYTES) {
      this.buffer = Buffer.allocUnsafeSlow(SLAB_BYTES);
      this.#used = 0;
    }
    const start = this.#used;
    this.#used += bytes;
    return start;
  }

  /** Gives back what the packet taken last did not need. */
  trim(end: number): void {
    this.#used = end;
  }
}

/** A copy that does not hold on to a whole slab. */
export function copyOf(data: Buffer, start: number, end: number): Buffer {
  const copy = Buffer.allocUnsafeSlow(end - start);
  data.copy(copy, 0, start, end);
  return copy;
}
