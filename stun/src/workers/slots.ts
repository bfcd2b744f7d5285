// Where each worker's socket stands in the kernel's row of those that have one UDP port. Linux picks by a hash over the client's
// address and port and the length of the row, and when a socket is closed the last one takes its place. So that the clients of the
// workers that live keep their worker, the row is put back as it was: first to its length, with a spare socket that nobody
// listens to at the place of the dead, then with its successor at that place. Pure.

export type Arrangement =
  /** The worker whose socket the kernel has moved opens another one at the end; its old one is the spare now. */
  | { readonly worker: number; readonly what: 'moveToEnd' }
  /** The last of the row died: somebody holds its place. */
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

  /** 'anew': a second one died before the row was whole again, so nobody's place can be kept and all have to start again. */
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
