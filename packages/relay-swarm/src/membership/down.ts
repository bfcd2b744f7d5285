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
}

const FIRST_CHECK_MS = 15_000;
const CHECK_MS_MAX = 3_600_000;
/** Somebody offers it still: not looked at again sooner than this. */
const HINT_MS_MIN = 15_000;
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
      failures: 0,
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
    down.nextCheckAtMs = nowMs + Math.min(CHECK_MS_MAX, FIRST_CHECK_MS * 2 ** Math.min(down.failures, 10));
  }

  /** Somebody offers it: worth a look, each time after a longer while. */
  hint(start: string, nowMs: number): void {
    const down = this.#byStart.get(start);
    if (down === undefined) return;
    const earliestAtMs = down.checkedAtMs + HINT_MS_MIN * 2 ** Math.min(down.failures, 5);
    down.nextCheckAtMs = Math.min(down.nextCheckAtMs, Math.max(nowMs, earliestAtMs));
  }

  /** One to look at now; the others wait their turn. */
  takeDue(nowMs: number): Member | undefined {
    for (const [start, down] of this.#byStart) {
      if (nowMs - down.sinceMs > FORGET_MS) this.#byStart.delete(start);
      else if (down.nextCheckAtMs <= nowMs) {
        down.nextCheckAtMs = nowMs + FIRST_CHECK_MS; // while it is being looked at
        return down.member;
      }
    }
    return undefined;
  }
}
