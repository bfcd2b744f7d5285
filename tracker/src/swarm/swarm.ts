// The peers of one info hash. Pure: no sockets, no clock; random numbers are passed in.
//
// A peer id is a place. Several connections may claim the same place: a browser that reconnects before its old socket is
// known to be dead, or a stranger who read the id in an offer. The place counts once, what is addressed to it goes to
// every claim, and each claim ends only with its own connection: so a reconnecting peer keeps its place and nobody can
// remove or silence somebody else.
import type { IpPeer, IpPeers } from './ip-peers.ts';
import { Peer, type Link } from './peer.ts';

/**
 * Claims to one peer id. A further one takes the place of one whose address has several, so that no single address
 * keeps an id's owner out; else it is refused.
 */
export const CLAIMS_MAX = 4;

/** A whole number from 0 to below `limit`. */
export type RandomInt = (limit: number) => number;

export class Swarm {
  readonly infoHash: string;
  /** Times that a peer said it completed its download. */
  downloaded = 0;
  readonly #leechers: Peer[] = [];
  readonly #seeders: Peer[] = [];
  readonly #byId = new Map<string, Peer>();
  /** The newest announce reply; undefined when a count has changed since. */
  replyFrame: Buffer | undefined = undefined;

  /** Its peers that are reached at an address and port; undefined where there are none. */
  ipPeers: IpPeers | undefined = undefined;

  constructor(infoHash: string) {
    this.infoHash = infoHash;
  }

  get complete(): number {
    return this.#seeders.length + (this.ipPeers?.complete ?? 0);
  }

  get incomplete(): number {
    return this.#leechers.length + (this.ipPeers?.incomplete ?? 0);
  }

  get isEmpty(): boolean {
    return this.#byId.size === 0 && this.ipPeers === undefined;
  }

  /** The newest claim to the id; older ones follow in `namesake`. */
  find(id: string): Peer | undefined {
    return this.#byId.get(id);
  }

  /** One of those on a connection, the newest claim to its id; undefined where there is nobody. */
  get anyPeer(): Peer | undefined {
    return this.#leechers.at(-1) ?? this.#seeders.at(-1);
  }

  /** This connection's claim to the id. */
  findOn(link: Link, id: string): Peer | undefined {
    let peer = this.#byId.get(id);
    while (peer !== undefined && peer.link !== link) peer = peer.namesake;
    return peer;
  }

  /** A new claim, newest of its id; undefined where the id has CLAIMS_MAX of them. */
  add(id: string, link: Link, isSeeder: boolean): Peer | undefined {
    const head = this.#byId.get(id);
    if (head !== undefined && countClaims(head) >= CLAIMS_MAX) return undefined;
    const peer = new Peer(id, this, link);
    peer.isSeeder = isSeeder;
    peer.linkIndex = link.peers.push(peer) - 1;
    if (head !== undefined) this.#unlist(head);
    peer.namesake = head;
    this.#byId.set(id, peer);
    this.#list(peer);
    return peer;
  }

  /** Of the claims to an id, the oldest one of an address that has several, where this connection's address has none. */
  surplusClaim(id: string, link: Link): Peer | undefined {
    const addresses = new Set<string>();
    let surplus: Peer | undefined;
    for (let peer = this.#byId.get(id); peer !== undefined; peer = peer.namesake) {
      const { addressKey } = peer.link;
      if (addressKey === link.addressKey) return undefined;
      if (addresses.has(addressKey)) surplus = peer;
      addresses.add(addressKey);
    }
    return surplus;
  }

  /** The claim announces again: takes over what it says and makes it the newest of its id. */
  refresh(peer: Peer, isSeeder: boolean): void {
    const head = this.#byId.get(peer.id)!;
    if (head === peer && peer.isSeeder === isSeeder) return;
    this.#unlist(head);
    if (head !== peer) {
      unchain(head, peer);
      peer.namesake = head;
      this.#byId.set(peer.id, peer);
    }
    peer.isSeeder = isSeeder;
    this.#list(peer);
  }

  remove(peer: Peer): void {
    const head = this.#byId.get(peer.id)!;
    this.#unlist(head);
    const next = head === peer ? peer.namesake : (unchain(head, peer), head);
    if (next === undefined) this.#byId.delete(peer.id);
    else {
      this.#byId.set(peer.id, next);
      this.#list(next);
    }
    removeAt(peer.link.peers, peer.linkIndex, 'linkIndex');
  }

  /**
   * Chooses up to `count` distinct places, each equally likely, for the offers of `from`, into `chosen`; returns how many.
   * Never another peer of the same connection (the same page), never a seeder for a seeder, none whose connections are all congested.
   * Work is bounded by `count`, not by the size of the swarm. `mark` is a number that no other choice has used.
   */
  choose(from: Peer, count: number, chosen: Peer[], randomInt: RandomInt, mark: number): number {
    const leechers = this.#leechers;
    const seeders = this.#seeders;
    const population = from.isListedAsSeeder ? leechers.length : leechers.length + seeders.length;
    let found = 0;
    const consider = (peer: Peer): void => {
      if (peer.chosenBy === mark) return;
      peer.chosenBy = mark;
      if (peer.link !== from.link && peer.id !== from.id && !isCongested(peer)) chosen[found++] = peer;
    };
    const at = (index: number): Peer =>
      index < leechers.length ? leechers[index]! : seeders[index - leechers.length]!;
    if (population <= 2 * count + 8) {
      // Few enough to shuffle: a partial Fisher-Yates over the indices.
      const indices = Array.from({ length: population }, (_, index) => index);
      for (let left = population; left > 0 && found < count; left--) {
        const pick = randomInt(left);
        consider(at(indices[pick]!));
        indices[pick] = indices[left - 1]!;
      }
      return found;
    }
    for (let tries = 3 * count + 8; tries > 0 && found < count; tries--) consider(at(randomInt(population)));
    return found;
  }

  /** All places. */
  *peers(): IterableIterator<Peer | IpPeer> {
    yield* this.#seeders;
    yield* this.#leechers;
    if (this.ipPeers !== undefined) yield* this.ipPeers.all();
  }

  #list(head: Peer): void {
    head.isListedAsSeeder = everyClaimSeeds(head);
    const list = head.isListedAsSeeder ? this.#seeders : this.#leechers;
    head.swarmIndex = list.push(head) - 1;
    this.replyFrame = undefined;
  }

  #unlist(head: Peer): void {
    removeAt(head.isListedAsSeeder ? this.#seeders : this.#leechers, head.swarmIndex, 'swarmIndex');
    head.swarmIndex = -1;
    this.replyFrame = undefined;
  }
}

/** Takes one element out by moving the last one into its place. */
function removeAt(list: Peer[], index: number, position: 'linkIndex' | 'swarmIndex'): void {
  const last = list.pop()!;
  if (index === list.length) return;
  list[index] = last;
  last[position] = index;
}

function unchain(head: Peer, peer: Peer): void {
  let before = head;
  while (before.namesake !== peer) before = before.namesake!;
  before.namesake = peer.namesake;
  peer.namesake = undefined;
}

function countClaims(head: Peer): number {
  let count = 0;
  for (let peer: Peer | undefined = head; peer !== undefined; peer = peer.namesake) count++;
  return count;
}

/** One claim alone must not hide a place: whoever made it need only stop reading. */
function isCongested(head: Peer): boolean {
  for (let peer: Peer | undefined = head; peer !== undefined; peer = peer.namesake)
    if (!peer.link.isCongested) return false;
  return true;
}

/** One claim alone must not make a place a seeder's: seeders send it no offers. */
function everyClaimSeeds(head: Peer): boolean {
  for (let peer: Peer | undefined = head; peer !== undefined; peer = peer.namesake)
    if (!peer.isSeeder) return false;
  return true;
}
