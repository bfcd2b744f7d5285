// All swarms, and the age of their peers. Pure: the time is passed in.
import { AgeList } from './age-list.ts';
import type { Link, Peer } from './peer.ts';
import { Swarm } from './swarm.ts';

export interface SwarmLimits {
  readonly swarmsMax: number;
  readonly swarmsPerLinkMax: number;
}

/** What a peer is known by. */
export interface PeerKey {
  readonly link: Link;
  readonly infoHash: string;
  readonly peerId: string;
}

/** Why an announce was refused, in words for its sender. */
export type SwarmRefusal = 'SWARMS_FULL' | 'CONNECTION_SWARMS_FULL' | 'PEER_ID_CLAIMED';

export interface PeerNews {
  /** Undefined where the announce does not tell (no `left`): a known peer stays what it is, a new one is a leecher. */
  readonly isSeeder: boolean | undefined;
  readonly hasCompleted: boolean;
}

export class SwarmTable {
  readonly #swarms = new Map<string, Swarm>();
  readonly #limits: SwarmLimits;
  readonly #byAge = new AgeList<Peer>();
  #peers = 0;
  /** Peers that were removed because they had not announced for too long. */
  expired = 0;

  constructor(limits: SwarmLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#swarms.size;
  }

  get peers(): number {
    return this.#peers;
  }

  find(infoHash: string): Swarm | undefined {
    return this.#swarms.get(infoHash);
  }

  all(): IterableIterator<Swarm> {
    return this.#swarms.values();
  }

  /** The swarm, which is made if need be; undefined where there are too many. What stays empty must be given to forgetIfEmpty(). */
  open(infoHash: string): Swarm | undefined {
    let swarm = this.#swarms.get(infoHash);
    if (swarm === undefined && this.#swarms.size < this.#limits.swarmsMax) {
      swarm = new Swarm(infoHash);
      this.#swarms.set(infoHash, swarm);
    }
    return swarm;
  }

  forgetIfEmpty(swarm: Swarm): void {
    if (swarm.isEmpty) this.#swarms.delete(swarm.infoHash);
  }

  has({ link, infoHash, peerId }: PeerKey): boolean {
    return this.#swarms.get(infoHash)?.findOn(link, peerId) !== undefined;
  }

  leave({ link, infoHash, peerId }: PeerKey): void {
    const peer = this.#swarms.get(infoHash)?.findOn(link, peerId);
    if (peer !== undefined) this.remove(peer);
  }

  /** The peer announces itself: it comes in, or what is known of it is brought up to date. */
  enter({ link, infoHash, peerId }: PeerKey, news: PeerNews, nowMs: number): Peer | SwarmRefusal {
    const known = this.#swarms.get(infoHash);
    let peer = known?.findOn(link, peerId);
    if (peer === undefined) {
      if (link.peers.length >= this.#limits.swarmsPerLinkMax) return 'CONNECTION_SWARMS_FULL';
      if (known === undefined && this.#swarms.size >= this.#limits.swarmsMax) return 'SWARMS_FULL';
      const swarm = known ?? new Swarm(infoHash);
      peer = swarm.add(peerId, link, news.isSeeder ?? false);
      if (peer === undefined) {
        const surplus = swarm.surplusClaim(peerId, link);
        if (surplus === undefined) return 'PEER_ID_CLAIMED';
        this.remove(surplus);
        peer = swarm.add(peerId, link, news.isSeeder ?? false)!;
      }
      if (known === undefined) this.#swarms.set(infoHash, swarm);
      if (news.hasCompleted) swarm.downloaded++;
      this.#byAge.append(peer, nowMs);
      this.#peers++;
    } else {
      if (news.hasCompleted && !peer.isSeeder) peer.swarm.downloaded++;
      peer.swarm.refresh(peer, news.isSeeder ?? peer.isSeeder);
      this.#byAge.touch(peer, nowMs);
    }
    return peer;
  }

  /** The peer gave a sign of life that is no announce. */
  touch(peer: Peer, nowMs: number): void {
    this.#byAge.touch(peer, nowMs);
  }

  /** Takes the peer out; a swarm that is empty then is forgotten. */
  remove(peer: Peer): void {
    this.#byAge.takeOut(peer);
    this.#peers--;
    peer.swarm.remove(peer);
    this.forgetIfEmpty(peer.swarm);
  }

  removeAllOf(link: Link): void {
    for (let peer = link.peers.at(-1); peer !== undefined; peer = link.peers.at(-1)) this.remove(peer);
  }

  /** Removes the peers last seen before the given time. */
  expire(beforeMs: number): void {
    for (;;) {
      const peer = this.#byAge.oldestBefore(beforeMs);
      if (peer === undefined) return;
      this.remove(peer);
      this.expired++;
    }
  }
}
