// The peers of all swarms, their number and their age. Pure: the time is passed in.
import { ShareCounts, type ByteBudget } from '@relay-swarm/net';
import { AgeList } from './age-list.ts';
import { IpPeer, IpPeers } from './ip-peers.ts';
import { NO_OBSERVER, type PeerObserver } from './peer-observer.ts';
import type { PeerNews, SwarmStore } from './swarm-store.ts';

export interface IpPeerLimits {
  readonly peersMax: number;
  /** Over all swarms, so that one address cannot fill them with ports that do not answer. */
  readonly peersPerAddressMax: number;
}

/**
 * Counted in the budget, so that no peer is added where it is used up. They have no connection that could be cut. Their numbers are limited,
 * in all and for an address, and a peer that stops announcing is forgotten.
 */
export type IpPeerMemory = Pick<ByteBudget, 'isTight' | 'reserve'>;

/** With its share of a swarm: 500 bytes in one of twenty, 1,400 where it is alone (measured). */
const IP_PEER_BYTES = 600;

export type IpPeerRefusal = 'swarms_full' | 'peers_full' | 'memory_full' | 'address_peers_full';

export interface IpPeerKey {
  readonly infoHash: string;
  readonly peerId: string;
  readonly endpoint: string;
  /** The address as limits count it. */
  readonly addressKey: string;
}

export class IpPeerTable {
  readonly #swarms: SwarmStore;
  readonly #limits: IpPeerLimits;
  readonly #observer: PeerObserver;
  readonly #memory: IpPeerMemory;
  readonly #ofAddress = new ShareCounts();
  readonly #byAge = new AgeList<IpPeer>();
  size = 0;
  /** Peers that were removed because they had not announced for too long. */
  expired = 0;

  constructor(swarms: SwarmStore, limits: IpPeerLimits, memory: IpPeerMemory, observer = NO_OBSERVER) {
    this.#memory = memory;
    this.#observer = observer;
    this.#swarms = swarms;
    this.#limits = limits;
  }

  has({ infoHash, endpoint }: IpPeerKey): boolean {
    return this.#swarms.find(infoHash)?.ipPeers?.find(endpoint) !== undefined;
  }

  enter(
    { infoHash, peerId, endpoint, addressKey }: IpPeerKey,
    news: PeerNews,
    nowMs: number,
  ): IpPeer | IpPeerRefusal {
    let peer = this.#swarms.find(infoHash)?.ipPeers?.find(endpoint);
    if (peer === undefined) {
      if (this.size >= this.#limits.peersMax) return 'peers_full';
      if (this.#ofAddress.isFull(addressKey, this.#limits.peersPerAddressMax)) return 'address_peers_full';
      if (this.#memory.isTight) return 'memory_full';
      const swarm = this.#swarms.open(infoHash);
      if (swarm === undefined) return 'swarms_full';
      peer = new IpPeer(swarm, endpoint, addressKey, peerId, news.isSeeder ?? false);
      (swarm.ipPeers ??= new IpPeers()).add(peer);
      if (news.hasCompleted) swarm.downloaded++;
      this.#ofAddress.add(addressKey);
      this.#memory.reserve(IP_PEER_BYTES);
      this.#byAge.append(peer, nowMs);
      this.size++;
      this.#observer.came(peerId, peer.isSeeder, peer.isIPv6);
    } else {
      if (news.hasCompleted && !peer.isSeeder) peer.swarm.downloaded++;
      const isSeeder = news.isSeeder ?? peer.isSeeder;
      if (peerId !== peer.id) {
        this.#observer.left(peer.id, peer.isSeeder);
        this.#observer.came(peerId, isSeeder, peer.isIPv6);
        peer.id = peerId; // behind one endpoint there is one client, so this is the same one, started anew
      } else if (isSeeder !== peer.isSeeder) this.#observer.changed(peerId, isSeeder);
      peer.swarm.ipPeers!.become(peer, isSeeder);
      this.#byAge.touch(peer, nowMs);
    }
    return peer;
  }

  /** The peer leaves, if it still has this peer id: a client's `stopped` may come after the first announce of its successor. */
  leave({ infoHash, peerId, endpoint }: IpPeerKey): void {
    const peer = this.#swarms.find(infoHash)?.ipPeers?.find(endpoint);
    if (peer?.id === peerId) this.remove(peer);
  }

  /** Removes the peers last seen before the given time. */
  expire(beforeMs: number): void {
    for (const peer of this.#byAge.allBefore(beforeMs)) {
      this.remove(peer);
      this.expired++;
    }
  }

  remove(peer: IpPeer): void {
    this.#byAge.takeOut(peer);
    this.size--;
    this.#ofAddress.remove(peer.addressKey);
    this.#memory.reserve(-IP_PEER_BYTES);
    this.#observer.left(peer.id, peer.isSeeder);
    peer.swarm.ipPeers!.remove(peer);
    if (peer.swarm.ipPeers!.isEmpty) peer.swarm.ipPeers = undefined;
    this.#swarms.forgetIfEmpty(peer.swarm);
  }
}
