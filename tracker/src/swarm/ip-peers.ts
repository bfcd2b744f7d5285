// The peers of one swarm: peers that are reached at an address and port, which announce over HTTP or UDP instead of a WebSocket.
// Pure: no sockets, no clock; random numbers are passed in.
import { isIPv6Endpoint } from './endpoint.ts';
import type { SwarmState } from './peer.ts';
import type { RandomInt } from './random-int.ts';

/** The swarm of such peers, as far as they and their tables need it. */
export interface IpPeerSwarm extends SwarmState {
  ipPeers: IpPeers | undefined;
}

export class IpPeer {
  readonly swarm: IpPeerSwarm;
  /** Address and port, packed; what the peer is known by. */
  readonly endpoint: string;
  /** The address as limits count it. */
  readonly addressKey: string;
  /** The peer id that it announced last. */
  id: string;
  isSeeder: boolean;
  lastSeenMs = 0;
  /** Position in its list. */
  index = -1;
  /** The sample that drew this peer last, so that no sample draws it twice. */
  drawnBy = 0;
  /** Neighbours by age over all swarms. */
  older: IpPeer | undefined = undefined;
  newer: IpPeer | undefined = undefined;

  constructor(swarm: IpPeerSwarm, endpoint: string, addressKey: string, id: string, isSeeder: boolean) {
    this.swarm = swarm;
    this.endpoint = endpoint;
    this.addressKey = addressKey;
    this.id = id;
    this.isSeeder = isSeeder;
  }

  get isIPv6(): boolean {
    return isIPv6Endpoint(this.endpoint);
  }
}

/** Apart by family, since most peers can use only one, and by what they have. */
interface Family {
  readonly leechers: IpPeer[];
  readonly seeders: IpPeer[];
}

/** Of the two lists as if they were one. */
const memberAt = (leechers: readonly IpPeer[], seeders: readonly IpPeer[], position: number): IpPeer =>
  position < leechers.length ? leechers[position]! : seeders[position - leechers.length]!;

export class IpPeers {
  /** Samples drawn so far, as marks. */
  #samples = 0;
  readonly #byEndpoint = new Map<string, IpPeer>();
  readonly #v4: Family = { leechers: [], seeders: [] };
  readonly #v6: Family = { leechers: [], seeders: [] };

  get complete(): number {
    return this.#v4.seeders.length + this.#v6.seeders.length;
  }

  get incomplete(): number {
    return this.#v4.leechers.length + this.#v6.leechers.length;
  }

  get isEmpty(): boolean {
    return this.#byEndpoint.size === 0;
  }

  all(): IterableIterator<IpPeer> {
    return this.#byEndpoint.values();
  }

  find(endpoint: string): IpPeer | undefined {
    return this.#byEndpoint.get(endpoint);
  }

  add(peer: IpPeer): void {
    this.#byEndpoint.set(peer.endpoint, peer);
    this.#list(peer);
  }

  remove(peer: IpPeer): void {
    this.#byEndpoint.delete(peer.endpoint);
    this.#unlist(peer);
  }

  become(peer: IpPeer, isSeeder: boolean): void {
    if (peer.isSeeder === isSeeder) return;
    this.#unlist(peer);
    peer.isSeeder = isSeeder;
    this.#list(peer);
  }

  /**
   * Up to `count` peers of one family for `peer`, each equally likely, never itself, and no seeders for a seeder.
   * Work is bounded by `count`: Floyd's algorithm draws that many different positions (Bentley, Programming Pearls, CACM 30:9).
   */
  sample(isIPv6: boolean, peer: IpPeer, count: number, randomInt: RandomInt): IpPeer[] {
    const { leechers, seeders } = isIPv6 ? this.#v6 : this.#v4;
    const population = leechers.length + (peer.isSeeder ? 0 : seeders.length);
    if (population === 0) return [];
    const mark = ++this.#samples;
    const chosen: IpPeer[] = [];
    // One more than wanted, since the peer itself may be among them.
    for (let last = Math.max(0, population - count - 1); last < population; last++) {
      let one = memberAt(leechers, seeders, randomInt(last + 1));
      if (one.drawnBy === mark) one = memberAt(leechers, seeders, last);
      one.drawnBy = mark;
      if (one !== peer) chosen.push(one);
    }
    // Floyd's order is not random: which one goes must not depend on it.
    if (chosen.length > count) {
      const gone = randomInt(chosen.length);
      const last = chosen.pop()!;
      if (gone < count) chosen[gone] = last;
    }
    return chosen;
  }

  #listOf({ isIPv6, isSeeder }: IpPeer): IpPeer[] {
    const family = isIPv6 ? this.#v6 : this.#v4;
    return isSeeder ? family.seeders : family.leechers;
  }

  #list(peer: IpPeer): void {
    peer.index = this.#listOf(peer).push(peer) - 1;
    peer.swarm.replyFrame = undefined;
  }

  #unlist(peer: IpPeer): void {
    const list = this.#listOf(peer);
    const last = list.pop()!;
    if (last !== peer) {
      list[peer.index] = last;
      last.index = peer.index;
    }
    peer.swarm.replyFrame = undefined;
  }
}
