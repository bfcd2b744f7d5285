// Which messages were passed to a client lately. One whose answer was lost with its owner is passed on again by the next owner: a client hears
// it once all the same. Pure: the time is passed in.

export class Recent {
  readonly #keptMs: number;
  #names = new Set<string>();
  #older = new Set<string>();
  #sinceMs = -Infinity;

  /** What was met is remembered for so long at least, and for twice as long at most. */
  constructor(keptMs: number) {
    this.#keptMs = keptMs;
  }

  /** Whether it was met before. */
  meet(name: string): boolean {
    if (this.#names.has(name) || this.#older.has(name)) return true;
    this.#names.add(name);
    return false;
  }

  /** To be called every second or so. */
  tick(nowMs: number): void {
    if (nowMs - this.#sinceMs < this.#keptMs) return;
    this.#sinceMs = nowMs;
    this.#older = this.#names;
    this.#names = new Set();
  }
}
