// Relays that are known but not offered yet: who offers each of them, and when to check it ourselves. Pure; bounded.
import type { Member } from './member.ts';

export interface Unproven {
  readonly member: Member;
  /** Who told us first. */
  readonly introducer: string;
  /** Relays that offer it, by id. */
  readonly words: Set<string>;
  tries: number;
  nextTryAtMs: number;
}

const FIRST_RETRY_MS = 10_000;
const RETRY_MS_MAX = 600_000;
/** After this many failed checks it is forgotten. */
const TRIES_MAX = 4;
const WORDS_MAX = 16;

export class UnprovenTable {
  readonly #byStart = new Map<string, Unproven>();
  readonly #unprovenMax: number;

  constructor(unprovenMax: number) {
    this.#unprovenMax = unprovenMax;
  }

  get size(): number {
    return this.#byStart.size;
  }

  get(start: string): Unproven | undefined {
    return this.#byStart.get(start);
  }

  all(): Iterable<Unproven> {
    return this.#byStart.values();
  }

  /** Keeps it, or its newer version; undefined where the teller has named too many. */
  add(member: Member, introducer: string, nowMs: number): Unproven | undefined {
    const known = this.#byStart.get(member.start);
    if (known !== undefined && known.member.version >= member.version) return known;
    if (known === undefined && !this.#hasRoom(introducer)) return undefined;
    const isMoved = known?.member.record.descriptor.url !== member.record.descriptor.url;
    const entry: Unproven = {
      member,
      introducer: known?.introducer ?? introducer,
      words: isMoved ? new Set() : known.words,
      tries: isMoved ? 0 : known.tries,
      nextTryAtMs: isMoved ? nowMs : known.nextTryAtMs,
    };
    this.#byStart.set(member.start, entry);
    return entry;
  }

  /** A relay offers it. */
  addWord(entry: Unproven, id: string): void {
    if (entry.words.size < WORDS_MAX) entry.words.add(id);
  }

  /** A check has failed. */
  failed(start: string, nowMs: number): void {
    const entry = this.#byStart.get(start);
    if (entry === undefined) return;
    entry.tries++;
    entry.nextTryAtMs = nowMs + Math.min(RETRY_MS_MAX, FIRST_RETRY_MS * 4 ** (entry.tries - 1));
    if (entry.tries >= TRIES_MAX) this.#byStart.delete(start);
  }

  delete(start: string): void {
    this.#byStart.delete(start);
  }

  /** One to check now, of a teller drawn at random, so that a teller that names a thousand gets no more checks than one that names three. */
  takeDue(nowMs: number, random: () => number): Unproven | undefined {
    const dueOf = new Map<string, Unproven[]>();
    for (const entry of this.#byStart.values()) {
      if (entry.nextTryAtMs > nowMs) continue;
      const due = dueOf.get(entry.introducer);
      if (due === undefined) dueOf.set(entry.introducer, [entry]);
      else due.push(entry);
    }
    const lists = [...dueOf.values()];
    const list = lists[Math.floor(random() * lists.length)];
    const entry = list?.[Math.floor(random() * list.length)];
    if (entry !== undefined) entry.nextTryAtMs = nowMs + FIRST_RETRY_MS; // while it is being looked at
    return entry;
  }

  /** Bounds each teller, so that none can fill the table with relays that do not exist. */
  #hasRoom(introducer: string): boolean {
    if (this.size >= this.#unprovenMax) return false;
    if (this.size < this.#unprovenMax / 8) return true;
    let of = 0;
    for (const entry of this.#byStart.values()) if (entry.introducer === introducer) of++;
    return of < this.#unprovenMax / 4;
  }
}
