// Which relays to look at for ourselves now: those that are suspected, newcomers, those that were down, and any member to compare tables with.
// Pure: clock and dice are passed in; each kind at a bounded rate.
import { newBucket, takeToken, type Bucket, type Rate } from '@relay-swarm/net/rate';
import type { RelayRecord } from '@relay-swarm/protocol';
import type { Standing } from './standing.ts';

const UNPROVEN_LOOKS: Rate = { perSecond: 1, burst: 8 };
const DOWN_LOOKS: Rate = { perSecond: 0.2, burst: 4 };
/** Down, and somebody offers it since. */
const OFFERED_LOOKS: Rate = { perSecond: 2, burst: 32 };
/** Of the visits so many go to members that are so by others' word alone. */
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
      // What has come in meanwhile may be enough: then there is no need to look
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

  /** With any member, so that no company of relays is ever among itself; undefined: with a session. */
  pickToCompare(): RelayRecord | undefined {
    const { table, selfStart } = this.#standing;
    const thirdParty = this.#random() < THIRD_PARTY_SHARE ? this.#pickThirdParty() : undefined;
    const member = thirdParty ?? table.pick(this.#random);
    return member?.start === selfStart ? undefined : member?.record;
  }

  /** A member by others' word alone. */
  #pickThirdParty(): ReturnType<Standing['table']['get']> {
    const starts = this.#standing.thirdParty;
    return this.#standing.table.get(starts[Math.floor(this.#random() * starts.length)] ?? '');
  }
}
