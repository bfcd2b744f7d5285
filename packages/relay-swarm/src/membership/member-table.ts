// The relays that this one offers: the members, a digest of each bucket, and how many of them each address and network has. Pure; bounded.
import { BUCKETS } from '@relay-swarm/protocol';
import { bucketOf, type Member } from './member.ts';
import type { MemberStore } from './member-store.ts';

/** Where a relay is: its address and the network (/24, /48) of that. */
export interface Place {
  readonly address: string;
  readonly network: string;
}

export interface MemberTableLimits {
  readonly membersMax: number;
  readonly perAddressMax: number;
  readonly perNetworkMax: number;
}

export class MemberTable {
  readonly #store: MemberStore;
  readonly #limits: MemberTableLimits;
  readonly #digests = new Uint32Array(BUCKETS);
  readonly #places = new Map<string, Place>();
  readonly #counts = new Map<string, number>();

  constructor(store: MemberStore, limits: MemberTableLimits) {
    this.#store = store;
    this.#limits = limits;
  }

  get size(): number {
    return this.#store.size;
  }

  get(start: string): Member | undefined {
    return this.#store.get(start);
  }

  pick(random: () => number): Member | undefined {
    return this.#store.pick(random);
  }

  all(): Iterable<Member> {
    return this.#store.all();
  }

  bucket(bucket: number): Iterable<Member> {
    return this.#store.bucket(bucket);
  }

  /** A digest of all members of a bucket and their versions. */
  digest(bucket: number): number {
    return this.#digests[bucket]!;
  }

  place(start: string): Place | undefined {
    return this.#places.get(start);
  }

  /** The network of a member; a member whose address is not known counts as a network of its own. */
  networkOf(start: string): string {
    return this.#places.get(start)?.network ?? start;
  }

  /** Whether its address and network have room for it; a relay that is a member already does not count against itself. */
  hasRoom(start: string, place: Place | undefined): boolean {
    const own = this.#places.get(start);
    const others = (key: string, ownKey: string | undefined): number =>
      (this.#counts.get(key) ?? 0) - (key === ownKey ? 1 : 0);
    const { membersMax, perAddressMax, perNetworkMax } = this.#limits;
    return (
      (this.#store.get(start) !== undefined || this.size < membersMax) &&
      (place === undefined ||
        (others(addressKey(place), own && addressKey(own)) < perAddressMax &&
          others(networkKey(place), own && networkKey(own)) < perNetworkMax))
    );
  }

  /** Adds it, or a new version of it; ask `hasRoom()` first. Without a place it keeps the one that it had. */
  set(member: Member, place: Place | undefined): void {
    const { start } = member;
    const before = this.#store.get(start);
    if (before !== undefined) this.#toggle(before);
    this.#store.set(member);
    this.#toggle(member);
    if (place === undefined) return;
    this.#leavePlace(start);
    this.#places.set(start, place);
    this.#count(addressKey(place), 1);
    this.#count(networkKey(place), 1);
  }

  delete(start: string): void {
    const member = this.#store.get(start);
    if (member === undefined) return;
    this.#toggle(member);
    this.#store.delete(start);
    this.#leavePlace(start);
  }

  /** Exclusive or: adding the same value again removes it, in whatever order. */
  #toggle({ start, digest }: Member): void {
    const bucket = bucketOf(start);
    this.#digests[bucket] = this.#digests[bucket]! ^ digest;
  }

  #leavePlace(start: string): void {
    const place = this.#places.get(start);
    if (place === undefined) return;
    this.#places.delete(start);
    this.#count(addressKey(place), -1);
    this.#count(networkKey(place), -1);
  }

  #count(key: string, by: number): void {
    const count = (this.#counts.get(key) ?? 0) + by;
    if (count === 0) this.#counts.delete(key);
    else this.#counts.set(key, count);
  }
}

const addressKey = ({ address }: Place): string => `address ${address}`;
const networkKey = ({ network }: Place): string => `network ${network}`;
