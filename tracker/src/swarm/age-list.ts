// Peers in the order in which they were last seen, the newest last. The list is linked through the peers themselves, so each costs only two
// fields, and its place is found at once. Pure: the time is passed in.

export interface Aged<T> {
  lastSeenMs: number;
  /** Neighbours in the list. */
  older: T | undefined;
  newer: T | undefined;
}

export class AgeList<T extends Aged<T>> {
  #oldest: T | undefined;
  #newest: T | undefined;

  /** The oldest one, if it was last seen before the given time. */
  oldestBefore(beforeMs: number): T | undefined {
    const oldest = this.#oldest;
    return oldest !== undefined && oldest.lastSeenMs < beforeMs ? oldest : undefined;
  }

  /** Those last seen before the given time, the oldest first. Each is to be taken out before the next is asked for. */
  *allBefore(beforeMs: number): Generator<T> {
    for (let one = this.oldestBefore(beforeMs); one !== undefined; one = this.oldestBefore(beforeMs))
      yield one;
  }

  /** When the newest one was seen; undefined where the list is empty. */
  get newestMs(): number | undefined {
    return this.#newest?.lastSeenMs;
  }

  /** It is not in the list, and comes last. */
  append(one: T, nowMs: number): void {
    one.lastSeenMs = nowMs;
    one.older = this.#newest;
    one.newer = undefined;
    if (this.#newest === undefined) this.#oldest = one;
    else this.#newest.newer = one;
    this.#newest = one;
  }

  takeOut(one: T): void {
    if (one.older === undefined) this.#oldest = one.newer;
    else one.older.newer = one.newer;
    if (one.newer === undefined) this.#newest = one.older;
    else one.newer.older = one.older;
  }

  /** It is in the list already, and gave a sign of life. */
  touch(one: T, nowMs: number): void {
    this.takeOut(one);
    this.append(one, nowMs);
  }
}
