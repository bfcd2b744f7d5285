// Members that have stopped to answer: not offered, looked at again ever more rarely, forgotten after a day. Pure.
import type { Member } from './member.ts';
import type { Place } from './member-table.ts';

interface Down {
  readonly member: Member;
  readonly place: Place | undefined;
  readonly sinceMs: number;
  checkedAtMs: number;
  nextCheckAtMs: number;
  failures: number;
  /** Somebody offers it since our last look. */
  isHinted: boolean;
  /** Relays that have offered it since our last look: who had not noticed yet that it was down has had time to. */
  readonly words: Set<string>;
}

const FIRST_CHECK_MS = 15_000;
const CHECK_MS_MAX = 3_600_000;
/** For so long often, so that a swarm that was cut in two is soon whole again. */
const RECENT_MS = 600_000;
const RECENT_CHECK_MS_MAX = 30_000;
/** Somebody offers it still: not looked at again sooner than this, or some times this after looks in vain. */
const HINT_MS_MIN = 15_000;
const HINT_DOUBLINGS_MAX = 2;
/** An offer so soon after our look may be of somebody who has not noticed yet. */
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

  /** `by` offers it: worth a look, each time after a longer while; the words that speak for it, where this is a new one. */
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

  /** It has come to us with its key: its URL may answer again. */
  triedUs(start: string, nowMs: number): void {
    const down = this.#byStart.get(start);
    if (down === undefined || nowMs - down.checkedAtMs < INBOUND_MS_MIN) return;
    down.nextCheckAtMs = nowMs;
    down.isHinted = true;
  }

  /** Whether we have looked just now: who offers it then is wrong. */
  isCertain(start: string, nowMs: number): boolean {
    return nowMs - (this.#byStart.get(start)?.checkedAtMs ?? -Infinity) < WORD_MS_MIN;
  }

  /** One to look at now, of those that are offered or of all; the others wait their turn. */
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
