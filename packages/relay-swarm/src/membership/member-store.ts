// Where a relay's members are kept. An interface, since the simulator of ten thousand tables needs a smaller one. Pure.
import { BUCKETS } from '@relay-swarm/protocol';
import { bucketOf, type Member } from './member.ts';

export interface MemberStore {
  readonly size: number;
  get(start: string): Member | undefined;
  /** Takes the place of an older version. */
  set(member: Member): void;
  delete(start: string): void;
  /** Any of them, each equally likely. */
  pick(random: () => number): Member | undefined;
  bucket(bucket: number): Iterable<Member>;
  all(): Iterable<Member>;
}

export class MapMemberStore implements MemberStore {
  readonly #placeOf = new Map<string, number>();
  readonly #members: Member[] = [];
  readonly #buckets = Array.from({ length: BUCKETS }, () => new Map<string, Member>());

  get size(): number {
    return this.#members.length;
  }

  get(start: string): Member | undefined {
    return this.#members[this.#placeOf.get(start) ?? -1];
  }

  set(member: Member): void {
    const place = this.#placeOf.get(member.start) ?? this.#members.length;
    this.#placeOf.set(member.start, place);
    this.#members[place] = member;
    this.#buckets[bucketOf(member.start)]!.set(member.start, member);
  }

  delete(start: string): void {
    const place = this.#placeOf.get(start);
    if (place === undefined) return;
    this.#placeOf.delete(start);
    this.#buckets[bucketOf(start)]!.delete(start);
    const last = this.#members.pop()!;
    if (last.start === start) return;
    this.#members[place] = last; // no holes, so that any can be picked at once
    this.#placeOf.set(last.start, place);
  }

  pick(random: () => number): Member | undefined {
    return this.#members[Math.floor(random() * this.#members.length)];
  }

  bucket(bucket: number): Iterable<Member> {
    return this.#buckets[bucket]!.values();
  }

  all(): Iterable<Member> {
    return this.#members;
  }
}
