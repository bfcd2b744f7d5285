// A store of swarms that keeps one list of peers and searches it for everything: a second implementation of the contract, however slow.
import { siteKey } from '@relay-swarm/net/ip';
import type { Link, Peer } from '../../src/swarm/peer.ts';
import { Swarm } from '../../src/swarm/swarm.ts';
import type {
  PeerKey,
  PeerNews,
  SwarmLimits,
  SwarmRefusal,
  SwarmStore,
} from '../../src/swarm/swarm-store.ts';

const PEER_BYTES = 1_000;
const SITE_SHARES = 8;
const WAITING_MAX = 4;
const ANSWER_COUNTS_MS = 30_000;

/** A connection that waits for the id of a peer. */
interface Waiting {
  readonly link: Link;
  readonly isSeeder: boolean;
}

interface Contest {
  readonly holder: Peer;
  waiting: Waiting[];
  /** Names the probe by its deadline; undefined where none runs for this contest. */
  probe: number | undefined;
  quietUntilMs: number;
}

export class NaiveStore implements SwarmStore {
  readonly #limits: SwarmLimits;
  #swarms: Swarm[] = [];
  #all: Peer[] = [];
  #contests: Contest[] = [];
  #newestMs = 0;
  expired = 0;

  constructor(limits: SwarmLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#swarms.length;
  }

  get peers(): number {
    return this.#all.length;
  }

  find(infoHash: string): Swarm | undefined {
    return this.#swarms.find((swarm) => swarm.infoHash === infoHash);
  }

  all(): Iterable<Swarm> {
    return this.#swarms; // a list that does not change: each that comes or goes makes another one
  }

  largest(count: number): Swarm[] {
    const peersOf = ({ complete, incomplete }: Swarm): number => complete + incomplete;
    return this.#swarms.toSorted((a, b) => peersOf(b) - peersOf(a)).slice(0, count);
  }

  open(infoHash: string): Swarm | undefined {
    const known = this.find(infoHash);
    if (known !== undefined || this.size >= this.#limits.swarmsMax) return known;
    const swarm = new Swarm(infoHash);
    this.#swarms = [...this.#swarms, swarm];
    return swarm;
  }

  forgetIfEmpty({ isEmpty, infoHash }: Pick<Swarm, 'isEmpty' | 'infoHash'>): void {
    if (isEmpty) this.#swarms = this.#swarms.filter((swarm) => swarm.infoHash !== infoHash);
  }

  has(key: PeerKey): boolean {
    return this.#peerOf(key)?.link === key.link;
  }

  enter(key: PeerKey, { isSeeder, hasCompleted }: PeerNews, nowMs: number): Peer | SwarmRefusal {
    const { link, infoHash, peerId } = key;
    this.#newestMs = nowMs;
    const peer = this.#peerOf(key);
    if (peer !== undefined && peer.link !== link) return this.#contend(peer, link, isSeeder ?? false, nowMs);
    if (peer !== undefined) {
      if (hasCompleted && !peer.isSeeder) peer.swarm.downloaded++;
      peer.swarm.refresh(peer, isSeeder ?? peer.isSeeder);
      peer.lastSeenMs = nowMs;
      return peer;
    }
    const refusal = this.#refusal(link, infoHash);
    if (refusal !== undefined) return refusal;
    const swarm = this.open(infoHash)!;
    if (hasCompleted) swarm.downloaded++;
    return this.#add(swarm, peerId, link, isSeeder ?? false);
  }

  leave(key: PeerKey): void {
    if (this.has(key)) this.remove(this.#peerOf(key)!);
  }

  remove(peer: Peer): void {
    const { id, link } = peer;
    const swarm = this.find(peer.swarm.infoHash)!;
    const heir = this.#heirOf(peer);
    this.#contests = this.#contests.filter(({ holder }) => holder !== peer);
    this.#all = this.#all.filter((one) => one !== peer);
    link.release(PEER_BYTES);
    swarm.remove(peer);
    if (
      heir !== undefined &&
      heir.link.peers.length < this.#limits.swarmsPerLinkMax &&
      heir.link.hold(PEER_BYTES)
    )
      this.#add(swarm, id, heir.link, heir.isSeeder);
    this.forgetIfEmpty(swarm);
  }

  removeAllOf(link: Link): void {
    for (const peer of this.#all) if (peer.link === link) this.remove(peer);
  }

  touch(peer: Peer, nowMs: number): void {
    this.#newestMs = nowMs;
    peer.lastSeenMs = nowMs;
  }

  expire(beforeMs: number): void {
    for (const peer of this.#all.filter(({ lastSeenMs }) => lastSeenMs < beforeMs)) {
      this.remove(peer);
      this.expired++;
    }
  }

  #peerOf({ infoHash, peerId }: PeerKey): Peer | undefined {
    return this.#all.find(({ id, swarm }) => id === peerId && swarm.infoHash === infoHash);
  }

  #add(swarm: Swarm, id: string, link: Link, isSeeder: boolean): Peer {
    const peer = swarm.add(id, link, isSeeder);
    peer.lastSeenMs = this.#newestMs;
    this.#all.push(peer);
    return peer;
  }

  /** The limit that keeps a new peer out; where there is none its bytes are held. */
  #refusal(link: Link, infoHash: string): SwarmRefusal | undefined {
    const { swarmsMax, swarmsPerLinkMax, peersMax, peersPerAddressMax } = this.#limits;
    const site = siteKey(link.addressKey);
    const count = (isOf: (address: string) => boolean): number =>
      this.#all.filter((peer) => isOf(peer.link.addressKey)).length;
    if (link.peers.length >= swarmsPerLinkMax) return 'connection_swarms_full';
    if (this.peers >= peersMax) return 'peers_full';
    if (count((address) => address === link.addressKey) >= peersPerAddressMax) return 'address_peers_full';
    if (
      site !== undefined &&
      count((address) => siteKey(address) === site) >= SITE_SHARES * peersPerAddressMax
    )
      return 'address_peers_full';
    if (this.find(infoHash) === undefined && this.size >= swarmsMax) return 'swarms_full';
    return link.hold(PEER_BYTES) ? undefined : 'memory_full';
  }

  /** Another connection announces the holder's id: it waits while the holder is probed, or is refused. */
  #contend(holder: Peer, link: Link, isSeeder: boolean, nowMs: number): SwarmRefusal {
    let contest = this.#contests.find((one) => one.holder === holder);
    if (contest === undefined) {
      contest = { holder, waiting: [], probe: undefined, quietUntilMs: 0 };
      this.#contests.push(contest);
    }
    if (contest.probe !== undefined && !isUnanswered(contest))
      Object.assign(contest, { waiting: [], probe: undefined, quietUntilMs: nowMs + ANSWER_COUNTS_MS });
    const others = contest.waiting.filter((one) => one.link !== link && one.link.isOpen);
    if (nowMs < contest.quietUntilMs || others.length >= WAITING_MAX) return 'peer_id_held';
    contest.waiting = [...others, { link, isSeeder }];
    holder.link.probe();
    contest.probe ??= holder.link.probedUntilMs;
    return 'peer_id_contested';
  }

  #heirOf(holder: Peer): Waiting | undefined {
    const contest = this.#contests.find((one) => one.holder === holder);
    if (contest === undefined || !isUnanswered(contest)) return undefined;
    const waiting = contest.waiting.filter(({ link }) => link.isOpen);
    return waiting.find(({ link }) => link.addressKey === holder.link.addressKey) ?? waiting[0];
  }
}

const isUnanswered = ({ probe, holder }: Contest): boolean =>
  probe !== undefined && probe !== 0 && holder.link.probedUntilMs === probe;
