// What is new to this relay, until its sessions have been told. A session is not told what it has told us itself. Pure.
import type { Have, VersionRef } from '@relay-swarm/protocol';

/** Items of each kind in one message, which has to fit into a frame. */
const NEWS_MAX = 512;

interface Item {
  readonly ref: VersionRef;
  readonly tellers: Set<string>;
}
type Items = Map<string, Item>;

export class News {
  readonly #records: Items = new Map();
  readonly #states: Items = new Map();
  readonly #gone: Items = new Map();

  addRecord(ref: VersionRef, teller?: string): void {
    add(this.#records, ref, teller);
    this.#gone.delete(ref.start);
  }

  addState(ref: VersionRef, teller?: string): void {
    add(this.#states, ref, teller);
  }

  addGone(start: string, teller?: string): void {
    add(this.#gone, { start, version: 0 }, teller);
    this.#records.delete(start);
  }

  /** Another relay tells us something that we are about to tell. */
  heardRecord({ start, version }: VersionRef, teller: string): void {
    const item = this.#records.get(start);
    if (item !== undefined && item.ref.version <= version) item.tellers.add(teller);
  }

  get isEmpty(): boolean {
    return this.#records.size + this.#states.size + this.#gone.size === 0;
  }

  /** What to tell this relay; undefined where it knows everything. */
  for(teller: string): Have | undefined {
    const records = refsFor(this.#records, teller);
    const states = refsFor(this.#states, teller);
    const gone = refsFor(this.#gone, teller).map(({ start }) => start);
    return records.length + states.length + gone.length === 0
      ? undefined
      : { action: 'have', records, states, gone, buckets: [] };
  }

  /** All sessions have been told; what did not fit into one message comes next. */
  told(): void {
    for (const items of [this.#records, this.#states, this.#gone]) {
      let left = NEWS_MAX;
      for (const start of items.keys()) if (left-- > 0) items.delete(start);
    }
  }
}

function add(items: Items, ref: VersionRef, teller: string | undefined): void {
  items.set(ref.start, { ref, tellers: new Set(teller === undefined ? [] : [teller]) });
}

function refsFor(items: Items, teller: string): VersionRef[] {
  const refs: VersionRef[] = [];
  let left = NEWS_MAX;
  for (const { ref, tellers } of items.values()) {
    if (left-- <= 0) break;
    if (!tellers.has(teller)) refs.push(ref);
  }
  return refs;
}
