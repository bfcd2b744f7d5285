// Which relays to check by dialling them now: suspected ones, newcomers, those that were down, and any member to compare tables with.
// Pure: clock and random numbers are passed in; each kind at a bounded rate.
import { newBucket, takeToken, type Bucket, type Rate } from '@relay-swarm/net/rate';
import type { RelayRecord } from '@relay-swarm/protocol';
import type { Standing } from './standing.ts';

const UNPROVEN_LOOKS: Rate = { perSecond: 1, burst: 8 };
const DOWN_LOOKS: Rate = { perSecond: 0.2, burst: 4 };
/** For relays that are down and that another relay has offered since. */
const OFFERED_LOOKS: Rate = { perSecond: 2, burst: 32 };
/** The share of visits that go to members which this relay has not checked itself. */
const THIRD_PARTY_SHARE = 0.5;

export class Looks {
  readonly #standing: Standing;
  readonly #random: () => number;
  readonly #unproven: Bucket;
  readonly #down: Bucket;
  readonly #offered: Bucket;

  constructor(standing: Standing, random: () => number, nowMs: number) {
    this.#standing = standing;
    this.#random = random;
    this.#unproven = newBucket(UNPROVEN_LOOKS, nowMs);
    this.#down = newBucket(DOWN_LOOKS, nowMs);
    this.#offered = newBucket(OFFERED_LOOKS, nowMs);
  }

  /** Those to dial now. */
  *take(nowMs: number): Generator<RelayRecord> {
    const standing = this.#standing;
    const { table, suspicions, unproven, down } = standing;
    for (const start of suspicions.takeDue(nowMs)) {
      const member = table.get(start);
      if (member === undefined) suspicions.delete(start);
      else yield member.record;
    }
    while (unproven.size > 0 && takeToken(this.#unproven, UNPROVEN_LOOKS, nowMs)) {
      const entry = unproven.takeDue(nowMs, this.#random);
      if (entry === undefined) break;
      // Vouches that came in meanwhile may be enough: then there is no need to dial
      if (!standing.judge(entry.member, entry.words, nowMs)) yield entry.member.record;
    }
    while (down.size > 0 && takeToken(this.#offered, OFFERED_LOOKS, nowMs)) {
      const member = down.takeDue(nowMs, true);
      if (member === undefined) break;
      yield member.record;
    }
    while (down.size > 0 && takeToken(this.#down, DOWN_LOOKS, nowMs)) {
      const member = down.takeDue(nowMs, false);
      if (member === undefined) break;
      yield member.record;
    }
  }

  /** Any member, so that no group of relays compares only among itself; undefined: compare with one of our sessions. */
  pickToCompare(): RelayRecord | undefined {
    const { table, selfStart } = this.#standing;
    const thirdParty = this.#random() < THIRD_PARTY_SHARE ? this.#pickThirdParty() : undefined;
    const member = thirdParty ?? table.pick(this.#random);
    return member?.start === selfStart ? undefined : member?.record;
  }

  /** A member that this relay has not checked itself. */
  #pickThirdParty(): ReturnType<Standing['table']['get']> {
    const starts = this.#standing.thirdParty;
    return this.#standing.table.get(starts[Math.floor(this.#random() * starts.length)] ?? '');
  }
}
