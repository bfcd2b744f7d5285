// The peers of one info hash. Pure: no sockets, no clock; random numbers are passed in.
import type { IpPeer, IpPeers } from './ip-peers.ts';
import { GONE, Peer, type Link } from './peer.ts';
import type { RandomInt } from './random-int.ts';
import type { StoredSwarm } from './swarm-store.ts';

const NOBODY: readonly Peer[] = [];

export class Swarm implements StoredSwarm {
  readonly infoHash: string;
  /** Times that a peer said it completed its download. */
  downloaded = 0;
  readonly #leechers: Peer[] = [];
  readonly #seeders: Peer[] = [];
  readonly #byId = new Map<string, Peer>();
  replyFrame: Buffer | undefined = undefined;
  replyIntervalSeconds = 0;

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

  find(id: string): Peer | undefined {
    return this.#byId.get(id);
  }

  get anyPeer(): Peer | undefined {
    return this.#leechers.at(-1) ?? this.#seeders.at(-1);
  }

  /** The peer with this id, if it is on this connection. */
  findOn(link: Link, id: string): Peer | undefined {
    const peer = this.#byId.get(id);
    return peer?.link === link ? peer : undefined;
  }

  /** Adds a peer; no other may hold the id. */
  add(id: string, link: Link, isSeeder: boolean): Peer {
    const peer = new Peer(id, this, link, isSeeder);
    if (link.peers.length === 0)
      link.peers = [peer]; // most have one, and an array that grows has room for seventeen
    else peer.linkIndex = link.peers.push(peer) - 1;
    this.#byId.set(id, peer);
    this.#list(peer);
    return peer;
  }

  refresh(peer: Peer, isSeeder: boolean): void {
    if (peer.isSeeder === isSeeder) return;
    this.#unlist(peer);
    peer.isSeeder = isSeeder;
    this.#list(peer);
  }

  remove(peer: Peer): void {
    this.#unlist(peer);
    this.#byId.delete(peer.id);
    removeAt(peer.link.peers, peer.linkIndex, 'linkIndex');
    peer.link = GONE;
    peer.offeredTo = undefined;
  }

  /**
   * Chooses up to `count` distinct peers, each equally likely, for the offers of `from`, into `chosen`; returns how many. A seeder is
   * given leechers first, and seeders with the offers that are left: rooms where everybody says `left: 0` meet too.
   * Never another peer of the same connection (the same page), none whose connection is congested.
   * Work is bounded by `count`, not by the size of the swarm. `mark` is a number that no other choice has used.
   */
  choose(from: Peer, count: number, chosen: Peer[], randomInt: RandomInt, mark: number): number {
    from.chosenBy = mark;
    if (!from.isSeeder)
      return draw(this.#leechers, this.#seeders, from.link, chosen, 0, count, randomInt, mark);
    const found = draw(this.#leechers, NOBODY, from.link, chosen, 0, count, randomInt, mark);
    return found < count
      ? draw(this.#seeders, NOBODY, from.link, chosen, found, count, randomInt, mark)
      : found;
  }

  /** All peers. */
  *peers(): IterableIterator<Peer | IpPeer> {
    yield* this.#seeders;
    yield* this.#leechers;
    if (this.ipPeers !== undefined) yield* this.ipPeers.all();
  }

  #list(peer: Peer): void {
    const list = peer.isSeeder ? this.#seeders : this.#leechers;
    peer.swarmIndex = list.push(peer) - 1;
    this.replyFrame = undefined;
  }

  #unlist(peer: Peer): void {
    removeAt(peer.isSeeder ? this.#seeders : this.#leechers, peer.swarmIndex, 'swarmIndex');
    peer.swarmIndex = -1;
    this.replyFrame = undefined;
  }
}

/** Draws from two lists as if they were one, into `chosen` from `found` on; returns where it ends. */
function draw(
  first: readonly Peer[],
  second: readonly Peer[],
  except: Link,
  chosen: Peer[],
  found: number,
  count: number,
  randomInt: RandomInt,
  mark: number,
): number {
  const population = first.length + second.length;
  const consider = (peer: Peer): void => {
    if (peer.chosenBy === mark) return;
    peer.chosenBy = mark;
    if (peer.link !== except && !peer.link.isCongested) chosen[found++] = peer;
  };
  const at = (index: number): Peer => (index < first.length ? first[index]! : second[index - first.length]!);
  const wanted = count - found;
  if (population <= 2 * wanted + 8) {
    // Few enough to shuffle: a partial Fisher-Yates over the indices.
    const indices = Array.from({ length: population }, (_, index) => index);
    for (let left = population; left > 0 && found < count; left--) {
      const pick = randomInt(left);
      consider(at(indices[pick]!));
      indices[pick] = indices[left - 1]!;
    }
    return found;
  }
  for (let tries = 3 * wanted + 8; tries > 0 && found < count; tries--) consider(at(randomInt(population)));
  return found;
}

/** Takes one element out by moving the last one into its place. */
function removeAt(list: Peer[], index: number, position: 'linkIndex' | 'swarmIndex'): void {
  const last = list.pop()!;
  if (index === list.length) return;
  list[index] = last;
  last[position] = index;
}
