// The member store of one of ten thousand simulated relays: one byte for each relay that ever was. All share the members themselves.
import { BUCKETS } from '@relay-swarm/protocol';
import { bucketOf, type Member } from '../membership/member.ts';
import type { MemberStore } from '../membership/member-store.ts';

/** Every version of every relay, with a number each. */
export class Registry {
  readonly capacity: number;
  readonly versions: Member[][] = [];
  readonly buckets: number[][] = Array.from({ length: BUCKETS }, () => []);
  readonly #indexOf = new Map<string, number>();

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  indexOf(start: string): number | undefined {
    return this.#indexOf.get(start);
  }

  /** The number of this relay, and of this version of it, from 1. */
  intern(member: Member): { index: number; ordinal: number } {
    let index = this.#indexOf.get(member.start);
    if (index === undefined) {
      index = this.versions.length;
      this.#indexOf.set(member.start, index);
      this.versions.push([]);
      this.buckets[bucketOf(member.start)]!.push(index);
    }
    const versions = this.versions[index]!;
    const at = versions.findIndex(({ version }) => version === member.version);
    return { index, ordinal: at >= 0 ? at + 1 : versions.push(member) };
  }
}

export class CompactStore implements MemberStore {
  readonly #registry: Registry;
  readonly #ordinals: Uint8Array;
  size = 0;

  constructor(registry: Registry) {
    this.#registry = registry;
    this.#ordinals = new Uint8Array(registry.capacity);
  }

  get(start: string): Member | undefined {
    const index = this.#registry.indexOf(start);
    return index === undefined ? undefined : this.#at(index);
  }

  set(member: Member): void {
    const { index, ordinal } = this.#registry.intern(member);
    if (this.#ordinals[index] === 0) this.size++;
    this.#ordinals[index] = ordinal;
  }

  delete(start: string): void {
    const index = this.#registry.indexOf(start);
    if (index === undefined || this.#ordinals[index] === 0) return;
    this.#ordinals[index] = 0;
    this.size--;
  }

  pick(random: () => number): Member | undefined {
    const count = this.#registry.versions.length;
    if (this.size === 0) return undefined;
    for (;;) {
      const member = this.#at(Math.floor(random() * count));
      if (member !== undefined) return member;
    }
  }

  *bucket(bucket: number): Iterable<Member> {
    for (const index of this.#registry.buckets[bucket]!) {
      const member = this.#at(index);
      if (member !== undefined) yield member;
    }
  }

  *all(): Iterable<Member> {
    for (let index = 0; index < this.#registry.versions.length; index++) {
      const member = this.#at(index);
      if (member !== undefined) yield member;
    }
  }

  #at(index: number): Member | undefined {
    return this.#registry.versions[index]?.[this.#ordinals[index]! - 1];
  }
}
