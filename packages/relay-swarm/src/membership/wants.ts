// Which records to ask for, and of which relay: each record once, of the relay that has less to send. Pure; bounded.
import { newBucket, takeToken, type Bucket, type Rate } from '@relay-swarm/net/rate';
import { WANT_MAX, type VersionRef } from '@relay-swarm/protocol';

/** The rate at which records are asked for: each that comes costs a signature check. */
const RECORDS: Rate = { perSecond: 200, burst: 400 };
/** A record that was asked for and did not come is asked for again after this time, of another relay that offers it. */
const ANSWER_MS_MAX = 5_000;
const WANTED_MAX = 40_000;

interface Want {
  readonly version: number;
  from: object;
  askedAtMs: number | undefined;
}

export class Wants {
  readonly #wants = new Map<string, Want>();
  readonly #lengths = new WeakMap<object, number>();
  #bucket: Bucket | undefined;

  get size(): number {
    return this.#wants.size;
  }

  /** `from` offers it. */
  add({ start, version }: VersionRef, from: object, nowMs: number): void {
    const want = this.#wants.get(start);
    if (want === undefined || want.version < version) {
      if (want === undefined && this.#wants.size >= WANTED_MAX) return;
      if (want !== undefined) this.#lengthen(want.from, -1);
      this.#wants.set(start, { version, from, askedAtMs: undefined });
      this.#lengthen(from, 1);
      return;
    }
    const isLate = want.askedAtMs !== undefined && nowMs - want.askedAtMs > ANSWER_MS_MAX;
    const isShorter = want.askedAtMs === undefined && this.#lengthOf(from) + 1 < this.#lengthOf(want.from);
    if (!isLate && !isShorter) return;
    this.#lengthen(want.from, -1);
    this.#lengthen(from, 1);
    want.from = from;
    want.askedAtMs = undefined;
  }

  /** Whether it was asked for; it has come now. */
  came(start: string, from: object): boolean {
    const want = this.#wants.get(start);
    if (want?.askedAtMs === undefined || want.from !== from) return false;
    this.#lengthen(from, -1);
    this.#wants.delete(start);
    return true;
  }

  /** What to ask for now, of whom. */
  take(nowMs: number): Map<object, string[]> {
    const asks = new Map<object, string[]>();
    this.#bucket ??= newBucket(RECORDS, nowMs);
    for (const [start, want] of this.#wants) {
      if (want.askedAtMs !== undefined) {
        if (nowMs - want.askedAtMs <= ANSWER_MS_MAX) continue;
        this.#lengthen(want.from, -1);
        this.#wants.delete(start); // it will be offered again
        continue;
      }
      const asked = asks.get(want.from);
      if (asked !== undefined && asked.length >= WANT_MAX) continue;
      if (!takeToken(this.#bucket, RECORDS, nowMs)) break;
      want.askedAtMs = nowMs;
      if (asked === undefined) asks.set(want.from, [start]);
      else asked.push(start);
    }
    return asks;
  }

  #lengthOf(from: object): number {
    return this.#lengths.get(from) ?? 0;
  }

  #lengthen(from: object, by: number): void {
    this.#lengths.set(from, this.#lengthOf(from) + by);
  }
}
