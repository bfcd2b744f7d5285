// Members that no longer answer: not offered, checked again at growing intervals, forgotten after a day. Pure.
import type { Member } from './member.ts';
import type { Place } from './member-table.ts';

interface Down {
  readonly member: Member;
  readonly place: Place | undefined;
  readonly sinceMs: number;
  checkedAtMs: number;
  nextCheckAtMs: number;
  failures: number;
  /** Another relay has offered it since our last check. */
  isHinted: boolean;
  /** Relays that have offered it since our last check, and had time to notice that it was down. */
  readonly words: Set<string>;
}

const FIRST_CHECK_MS = 15_000;
const CHECK_MS_MAX = 3_600_000;
/** It is checked often for this long, so that a swarm that was cut in two is soon whole again. */
const RECENT_MS = 600_000;
const RECENT_CHECK_MS_MAX = 30_000;
/** While another relay offers it, it is checked again after this time, and after a multiple of it where checks have failed. */
const HINT_MS_MIN = 15_000;
const HINT_DOUBLINGS_MAX = 2;
/** A relay that offers it this soon after our check may not have noticed yet that it is down. */
const WORD_MS_MIN = 30_000;
const WORDS_MAX = 16;
const INBOUND_MS_MIN = 5_000;
const FORGET_MS = 86_400_000;

export class DownTable {
  readonly #byStart = new Map<string, Down>();
  readonly #downMax: number;

  constructor(downMax: number) {
    this.#downMax = downMax;
  }

  get size(): number {
    return this.#byStart.size;
  }

  get(start: string): Readonly<Down> | undefined {
    return this.#byStart.get(start);
  }

  all(): Iterable<Readonly<Down>> {
    return this.#byStart.values();
  }

  add(member: Member, place: Place | undefined, nowMs: number): void {
    if (this.#byStart.size >= this.#downMax) this.#byStart.delete(this.#byStart.keys().next().value!);
    this.#byStart.set(member.start, {
      ...{ member, place, sinceMs: nowMs, checkedAtMs: nowMs },
      nextCheckAtMs: nowMs + FIRST_CHECK_MS,
      ...{ failures: 0, isHinted: false, words: new Set() },
    });
  }

  delete(start: string): void {
    this.#byStart.delete(start);
  }

  failed(start: string, nowMs: number): void {
    const down = this.#byStart.get(start);
    if (down === undefined) return;
    down.failures++;
    down.checkedAtMs = nowMs;
    down.isHinted = false;
    down.words.clear();
    const msMax = nowMs - down.sinceMs < RECENT_MS ? RECENT_CHECK_MS_MAX : CHECK_MS_MAX;
    down.nextCheckAtMs = nowMs + Math.min(msMax, FIRST_CHECK_MS * 2 ** Math.min(down.failures, 10));
  }

  /** `by` offers it: it is checked again, each time after a longer wait. Returns the relays that offer it where `by` is a new one. */
  offered(start: string, by: string, nowMs: number): ReadonlySet<string> | undefined {
    const down = this.#byStart.get(start);
    if (down === undefined) return undefined;
    const earliestAtMs = down.checkedAtMs + HINT_MS_MIN * 2 ** Math.min(down.failures, HINT_DOUBLINGS_MAX);
    down.nextCheckAtMs = Math.min(down.nextCheckAtMs, Math.max(nowMs, earliestAtMs));
    down.isHinted = true;
    const isTooSoon = nowMs - down.checkedAtMs < WORD_MS_MIN;
    if (isTooSoon || down.words.size >= WORDS_MAX || down.words.has(by)) return undefined;
    return down.words.add(by);
  }

  /** The relay has connected to us and proven its key, so its URL may answer again. */
  triedUs(start: string, nowMs: number): void {
    const down = this.#byStart.get(start);
    if (down === undefined || nowMs - down.checkedAtMs < INBOUND_MS_MIN) return;
    down.nextCheckAtMs = nowMs;
    down.isHinted = true;
  }

  /** Whether we have checked it just now, so that a relay that offers it now is wrong. */
  isCertain(start: string, nowMs: number): boolean {
    return nowMs - (this.#byStart.get(start)?.checkedAtMs ?? -Infinity) < WORD_MS_MIN;
  }

  /** One that is due for a check, of those that are offered or of all. */
  takeDue(nowMs: number, isHinted: boolean): Member | undefined {
    for (const [start, down] of this.#byStart) {
      if (nowMs - down.sinceMs > FORGET_MS) this.#byStart.delete(start);
      else if (down.nextCheckAtMs <= nowMs && (down.isHinted || !isHinted)) {
        down.nextCheckAtMs = nowMs + FIRST_CHECK_MS; // while it is being looked at
        return down.member;
      }
    }
    return undefined;
  }
}
