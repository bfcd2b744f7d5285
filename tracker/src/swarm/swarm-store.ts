// What the tracker asks of a store of swarms. test/support/swarm-store-contract.ts says what every store must do.
import type { IpPeer, IpPeerSwarm } from './ip-peers.ts';
import type { Link, Peer, PeerSwarm } from './peer.ts';

export interface SwarmLimits {
  readonly swarmsMax: number;
  readonly swarmsPerLinkMax: number;
  /** In all swarms; one that is in two counts twice. */
  readonly peersMax: number;
  /** For one address, and a multiple of it for one /48, so that a few addresses cannot fill the swarms. */
  readonly peersPerAddressMax: number;
}

/** What a peer is known by. */
export interface PeerKey {
  readonly link: Link;
  readonly infoHash: string;
  readonly peerId: string;
}

export interface PeerNews {
  /** Undefined where the announce does not tell (no `left`): a known peer stays what it is, a new one is a leecher. */
  readonly isSeeder: boolean | undefined;
  readonly hasCompleted: boolean;
}

/** Why an announce was refused. */
export type SwarmRefusal =
  | 'peers_full'
  | 'memory_full'
  | 'address_peers_full'
  | 'swarms_full'
  | 'connection_swarms_full'
  | 'peer_id_contested'
  | 'peer_id_held';

export interface StoredSwarm extends PeerSwarm, IpPeerSwarm {
  /** The peer that holds the id. */
  find(id: string): Peer | undefined;
  /** Any peer on a connection; undefined where there is none. */
  readonly anyPeer: Peer | undefined;
  peers(): Iterable<Peer | IpPeer>;
}

export interface SwarmStore {
  /** Swarms. */
  readonly size: number;
  /** Peers on connections, in all swarms. */
  readonly peers: number;
  /** Peers that were removed because they had not announced for too long. */
  readonly expired: number;
  find(infoHash: string): StoredSwarm | undefined;
  /** May be walked through while peers and swarms come and go. */
  all(): Iterable<StoredSwarm>;
  /** Those with the most peers, the largest first. Looks at all of them. */
  largest(count: number): readonly StoredSwarm[];

  has(key: PeerKey): boolean;
  /** The peer announces itself: it is added or updated. */
  enter(key: PeerKey, news: PeerNews, nowMs: number): Peer | SwarmRefusal;
  leave(key: PeerKey): void;
  /** Takes the peer out; a swarm that is empty then is forgotten. */
  remove(peer: Peer): void;
  removeAllOf(link: Link): void;
  /** The peer is alive: it has sent something other than an announce. */
  touch(peer: Peer, nowMs: number): void;
  /** Removes the peers last seen before the given time. */
  expire(beforeMs: number): void;

  // For peers that are reached at an address, which another table counts.
  /** The swarm, made if it does not exist; undefined where there are too many. Pass it to forgetIfEmpty() where nothing is added to it. */
  open(infoHash: string): StoredSwarm | undefined;
  forgetIfEmpty(swarm: Pick<StoredSwarm, 'isEmpty' | 'infoHash'>): void;
}
