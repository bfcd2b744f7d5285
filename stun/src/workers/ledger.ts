// What each worker has told of its counts, so that the others can be told that a dead one's are gone, and a new one what there is. Pure.
import type { Counted } from '../turn/worker-share.ts';

/** What, whose, and by how much. */
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

  /** A worker is gone: what the others have to take away. */
  died(worker: number): CountChange[] {
    const all = this.#workers.get(worker)?.all ?? [];
    this.#workers.delete(worker);
    return all.map(([what, key, by]) => [what, key, -by]);
  }

  /** What all others have, for a worker that begins. */
  elsewhere(worker: number): CountChange[] {
    const sum = new CountChanges();
    for (const [other, changes] of this.#workers)
      if (other !== worker) for (const change of changes.all) sum.add(...change);
    return sum.all;
  }
}
