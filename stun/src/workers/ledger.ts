// The counts of each worker, so that the others can be told to subtract a dead one's, and a new one learns the others'. Pure.
import type { Counted } from '../turn/worker-share.ts';

/** The kind of count, its key, and the change. */
export type CountChange = readonly [what: Counted, key: string, by: number];

/** Changes of one turn of the event loop, added up. */
export class CountChanges {
  readonly #by = new Map<Counted, Map<string, number>>();

  add(what: Counted, key: string, by: number): void {
    let ofKind = this.#by.get(what);
    if (ofKind === undefined) this.#by.set(what, (ofKind = new Map<string, number>()));
    const sum = (ofKind.get(key) ?? 0) + by;
    if (sum === 0) ofKind.delete(key);
    else ofKind.set(key, sum);
  }

  get all(): CountChange[] {
    return [...this.#by].flatMap(([what, keys]) =>
      [...keys].map(([key, by]): CountChange => [what, key, by]),
    );
  }
}

export class Ledger {
  readonly #workers = new Map<number, CountChanges>();

  changed(worker: number, changes: readonly CountChange[]): void {
    let own = this.#workers.get(worker);
    if (own === undefined) this.#workers.set(worker, (own = new CountChanges()));
    for (const change of changes) own.add(...change);
  }

  /** A worker has died: returns what the others have to subtract. */
  died(worker: number): CountChange[] {
    const all = this.#workers.get(worker)?.all ?? [];
    this.#workers.delete(worker);
    return all.map(([what, key, by]) => [what, key, -by]);
  }

  /** The counts of all others, for a new worker. */
  elsewhere(worker: number): CountChange[] {
    const sum = new CountChanges();
    for (const [other, changes] of this.#workers)
      if (other !== worker) for (const change of changes.all) sum.add(...change);
    return sum.all;
  }
}
