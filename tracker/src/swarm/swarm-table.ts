// All swarms, and the age of their peers. Pure: the time is passed in.
import { ShareCounts } from '@relay-swarm/net';
import { AgeList } from './age-list.ts';
import { IdContests } from './id-contests.ts';
import { NO_OBSERVER, type PeerObserver } from './peer-observer.ts';
import type { Link, Peer, PeerSwarm } from './peer.ts';
import type { PeerKey, PeerNews, SwarmLimits, SwarmRefusal, SwarmStore } from './swarm-store.ts';
import { Swarm } from './swarm.ts';

/** What a peer takes, with its share of a swarm: 600 bytes in one of twenty, 1,400 where it is alone (measured). */
const PEER_BYTES = 1_000;

export class SwarmTable implements SwarmStore {
  readonly #swarms = new Map<string, Swarm>();
  readonly #limits: SwarmLimits;
  readonly #observer: PeerObserver;
  readonly #shares = new ShareCounts();
  readonly #byAge = new AgeList<Peer>();
  readonly #contests = new IdContests();
  #peers = 0;
  expired = 0;

  constructor(limits: SwarmLimits, observer = NO_OBSERVER) {
    this.#limits = limits;
    this.#observer = observer;
  }

  largest(count: number): Swarm[] {
    const found: Swarm[] = [];
    for (const swarm of this.#swarms.values()) {
      if (found.length === count && peersOf(swarm) <= peersOf(found[count - 1]!)) continue;
      found.push(swarm);
      found.sort((a, b) => peersOf(b) - peersOf(a));
      found.length = Math.min(found.length, count);
    }
    return found;
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

  open(infoHash: string): Swarm | undefined {
    let swarm = this.#swarms.get(infoHash);
    if (swarm === undefined && this.#swarms.size < this.#limits.swarmsMax) {
      swarm = new Swarm(infoHash);
      this.#swarms.set(infoHash, swarm);
    }
    return swarm;
  }

  forgetIfEmpty(swarm: Pick<Swarm, 'isEmpty' | 'infoHash'>): void {
    if (swarm.isEmpty) this.#swarms.delete(swarm.infoHash);
  }

  has({ link, infoHash, peerId }: PeerKey): boolean {
    return this.#swarms.get(infoHash)?.findOn(link, peerId) !== undefined;
  }

  leave({ link, infoHash, peerId }: PeerKey): void {
    const peer = this.#swarms.get(infoHash)?.findOn(link, peerId);
    if (peer !== undefined) this.remove(peer);
  }

  enter({ link, infoHash, peerId }: PeerKey, news: PeerNews, nowMs: number): Peer | SwarmRefusal {
    const swarm = this.#swarms.get(infoHash);
    const peer = swarm?.find(peerId);
    if (peer === undefined) {
      if (link.peers.length >= this.#limits.swarmsPerLinkMax) return 'connection_swarms_full';
      if (this.#peers >= this.#limits.peersMax) return 'peers_full';
      if (this.#shares.isFull(link.addressKey, this.#limits.peersPerAddressMax)) return 'address_peers_full';
      const opened = swarm ?? this.open(infoHash);
      if (opened === undefined) return 'swarms_full';
      if (!link.hold(PEER_BYTES)) {
        this.forgetIfEmpty(opened);
        return 'memory_full';
      }
      if (news.hasCompleted) opened.downloaded++;
      return this.#add(opened, peerId, link, news.isSeeder ?? false, nowMs);
    }
    if (peer.link !== link)
      return this.#contests.enter(peer, link, news.isSeeder ?? false, nowMs)
        ? 'peer_id_contested'
        : 'peer_id_held';
    if (news.hasCompleted && !peer.isSeeder) peer.swarm.downloaded++;
    const isSeeder = news.isSeeder ?? peer.isSeeder;
    if (isSeeder !== peer.isSeeder) this.#observer.changed(peerId, isSeeder);
    peer.swarm.refresh(peer, isSeeder);
    this.#byAge.touch(peer, nowMs);
    return peer;
  }

  touch(peer: Peer, nowMs: number): void {
    this.#byAge.touch(peer, nowMs);
  }

  remove(peer: Peer): void {
    const { swarm, id, lastSeenMs } = peer;
    const heir = this.#contests.settle(peer);
    this.#byAge.takeOut(peer);
    this.#peers--;
    this.#shares.remove(peer.link.addressKey);
    peer.link.release(PEER_BYTES);
    this.#observer.left(id, peer.isSeeder);
    swarm.remove(peer);
    const hasRoom = heir !== undefined && heir.link.peers.length < this.#limits.swarmsPerLinkMax;
    if (hasRoom && heir.link.hold(PEER_BYTES))
      this.#add(swarm, id, heir.link, heir.isSeeder, this.#byAge.newestMs ?? lastSeenMs);
    this.forgetIfEmpty(swarm);
  }

  removeAllOf(link: Link): void {
    for (let peer = link.peers.at(-1); peer !== undefined; peer = link.peers.at(-1)) this.remove(peer);
  }

  #add(swarm: PeerSwarm, id: string, link: Link, isSeeder: boolean, nowMs: number): Peer {
    const peer = swarm.add(id, link, isSeeder);
    this.#byAge.append(peer, nowMs);
    this.#peers++;
    this.#shares.add(link.addressKey);
    this.#observer.came(id, isSeeder, peer.isIPv6);
    return peer;
  }

  expire(beforeMs: number): void {
    for (const peer of this.#byAge.allBefore(beforeMs)) {
      this.remove(peer);
      this.expired++;
    }
  }
}

const peersOf = ({ complete, incomplete }: Swarm): number => complete + incomplete;
