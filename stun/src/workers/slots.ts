// The place of each worker's socket in the kernel's row of sockets on one UDP port. Linux picks a socket by a hash over the client's address
// and port and by the length of the row. When a socket is closed, the last one moves to its place. So that clients of the living workers
// keep their worker, the row is restored: first its length, with a spare socket that is not read at the dead worker's place, then its
// successor at that place. Pure.

export type Arrangement =
  /** The worker whose socket the kernel has moved opens another one at the end; its old one is the spare now. */
  | { readonly worker: number; readonly what: 'moveToEnd' }
  /** The last worker of the row died: another one holds its place. */
  | { readonly worker: number; readonly what: 'openSpare' }
  /** The successor has bound at the end, and is moved to the place of the spare. */
  | { readonly worker: number; readonly what: 'closeSpare' };

const SPARE = -1;

export class Slots {
  /** The worker at each place. */
  #row: number[] = [];
  #spareHolder: number | undefined;

  /** A worker's sockets are bound. */
  joined(worker: number): Arrangement | undefined {
    const holder = this.#spareHolder;
    if (holder === undefined) {
      this.#row.push(worker);
      return undefined;
    }
    this.#row[this.#row.indexOf(SPARE)] = worker;
    this.#spareHolder = undefined;
    return { worker: holder, what: 'closeSpare' };
  }

  /** 'anew': a second worker died before the row was whole again, so no place can be kept and all workers have to restart. */
  died(worker: number): Arrangement | 'anew' | undefined {
    const place = this.#row.indexOf(worker);
    if (place === -1) return undefined; // it had bound nothing, or only at the end
    if (this.#spareHolder !== undefined) return 'anew';
    const last = this.#row.length - 1;
    if (last === 0) {
      this.#row = [];
      return undefined;
    }
    const holder = place === last ? this.#row[0]! : this.#row[last]!;
    this.#row[last] = holder;
    this.#row[place] = SPARE;
    this.#spareHolder = holder;
    return { worker: holder, what: place === last ? 'openSpare' : 'moveToEnd' };
  }

  clear(): void {
    this.#row = [];
    this.#spareHolder = undefined;
  }
}
