// What HTTP and UDP have in common: a request in, an answer out. Knows no wire format; no sockets, no clock.
import { limitKey, type AddressRates } from '@relay-swarm/net';
import { isIPv6Endpoint, packEndpoint } from '../swarm/endpoint.ts';
import type { IpPeer } from '../swarm/ip-peers.ts';
import type { IpPeerKey, IpPeerRefusal, IpPeerTable } from '../swarm/ip-peer-table.ts';
import type { SwarmStore } from '../swarm/swarm-store.ts';
import type { RandomInt } from '../swarm/random-int.ts';
import { AnnounceRule, type Announce, type AnnounceRefusal } from './announce-rule.ts';

export interface IpAnnounceRequest extends Announce {
  readonly peerId: string;
  /** Where the request came from; never what it says of itself. */
  readonly address: string;
  readonly port: number;
  readonly numwant: number | undefined;
  /** Whether the answer can name peers of the other family. */
  readonly wantsBothFamilies: boolean;
}

export interface Counts {
  readonly complete: number;
  readonly incomplete: number;
  readonly downloaded: number;
}

/** Where a peer is, and what it calls itself. */
export type NamedPeer = Pick<IpPeer, 'endpoint' | 'id'>;

export interface IpAnnounced extends Counts {
  readonly intervalSeconds: number;
  readonly peers4: readonly NamedPeer[];
  readonly peers6: readonly NamedPeer[];
}

/** In words for the client, and when it should ask again, where that is known. */
export interface IpFailure {
  readonly failure: string;
  readonly retryMinutes?: number;
}

/** What answers: at once, or later where another node of a cluster has to be asked. */
export interface IpTracker {
  announce(request: IpAnnounceRequest, nowMs: number): Later<IpAnnounced | IpFailure>;
  /** One answer for each info hash, in the same order. */
  scrape(infoHashes: readonly string[], address: string, nowMs: number): Later<readonly Counts[] | IpFailure>;
}
export type Later<T> = T | Promise<T>;

/** Without a promise where there is none: a turn of the event loop for each request would cost. */
export function soon<T, U>(value: Later<T>, then: (value: T) => U): Later<U> {
  return value instanceof Promise ? value.then(then) : then(value);
}

export interface IpAnnounceOptions {
  readonly swarms: SwarmStore;
  readonly ipPeers: IpPeerTable;
  readonly rates: AddressRates;
  readonly intervalSeconds: number;
  readonly randomInt: RandomInt;
  /** Why this info hash is not served here, or undefined where it is. */
  readonly refuse: (infoHash: string) => string | undefined;
  /** Whether this relay is full or stopping: peers that are in stay, new ones are refused. */
  readonly rejectsNewcomers: () => boolean;
}

const NUMWANT_DEFAULT = 50;
const NUMWANT_MAX = 80;
/** What one datagram can ask for (BEP 15), and far more than fit into a URL of ordinary length. */
export const IP_SCRAPE_HASHES_MAX = 74;

type Refusal = AnnounceRefusal<IpPeerRefusal>;
const LIMITS: Readonly<Record<IpPeerRefusal, Refusal>> = {
  swarms_full: { cause: 'swarms_full', reason: 'This tracker serves no further torrents now' },
  peers_full: { cause: 'peers_full', reason: 'This tracker serves no further peers now' },
  memory_full: { cause: 'memory_full', reason: 'This tracker has no memory for further peers now' },
  address_peers_full: { cause: 'address_peers_full', reason: 'Too many torrents from one address' },
};
const NOBODY: readonly IpPeer[] = [];
const NOTHING: Counts = { complete: 0, incomplete: 0, downloaded: 0 };

/** A request, and what its peer is known by. */
interface KnownRequest extends IpAnnounceRequest, IpPeerKey {}

export class IpAnnounce implements IpTracker {
  readonly #options: IpAnnounceOptions;
  readonly #rule: AnnounceRule<KnownRequest, IpPeer, IpPeerRefusal>;
  readonly counts = { announces: 0, scrapes: 0, limited: 0, turned_away: 0, refused: 0 };

  constructor(options: IpAnnounceOptions) {
    this.#options = options;
    const { ipPeers, refuse, rejectsNewcomers } = options;
    this.#rule = new AnnounceRule<KnownRequest, IpPeer, IpPeerRefusal>({
      members: ipPeers,
      limits: LIMITS,
      refuse,
      rejectsNewcomers,
    });
  }

  announce(request: IpAnnounceRequest, nowMs: number): IpAnnounced | IpFailure {
    const addressKey = limitKey(request.address);
    if (this.#options.rates.ask(addressKey, nowMs) > 0) return this.#limit();
    const endpoint = packEndpoint(request.address, request.port);
    if (endpoint === undefined) {
      this.counts.refused++;
      return { failure: 'Cannot tell your address' };
    }
    const { infoHash, event, isSeeder, peerId, address, port, numwant, wantsBothFamilies } = request;
    const known: KnownRequest = {
      infoHash,
      event,
      isSeeder,
      peerId,
      address,
      port,
      numwant,
      wantsBothFamilies,
      endpoint,
      addressKey,
    };
    const outcome = this.#rule.announce(known, nowMs);
    if (outcome === 'left') return this.#announced(this.#options.swarms.find(infoHash), NOBODY, NOBODY);
    return 'cause' in outcome ? this.#refuse(outcome) : this.#nameOthers(known, outcome);
  }

  /** Its own family first: a peer that asks by IPv4 may well have no IPv6. */
  #nameOthers({ endpoint, numwant, wantsBothFamilies }: KnownRequest, peer: IpPeer): IpAnnounced {
    const wanted = Math.min(numwant ?? NUMWANT_DEFAULT, NUMWANT_MAX);
    const { swarm } = peer;
    const { randomInt } = this.#options;
    const isIPv6 = isIPv6Endpoint(endpoint);
    const own = swarm.ipPeers!.sample(isIPv6, peer, wanted, randomInt);
    const other = wantsBothFamilies
      ? swarm.ipPeers!.sample(!isIPv6, peer, wanted - own.length, randomInt)
      : NOBODY;
    return isIPv6 ? this.#announced(swarm, other, own) : this.#announced(swarm, own, other);
  }

  #announced(
    { complete, incomplete, downloaded }: Counts = NOTHING,
    peers4: readonly IpPeer[],
    peers6: readonly IpPeer[],
  ): IpAnnounced {
    this.counts.announces++;
    const { intervalSeconds } = this.#options;
    return { complete, incomplete, downloaded, intervalSeconds, peers4, peers6 };
  }

  /** One answer for each info hash, in the same order; zeros for info hashes that no peer has announced. */
  scrape(infoHashes: readonly string[], address: string, nowMs: number): readonly Counts[] | IpFailure {
    if (this.#options.rates.ask(limitKey(address), nowMs) > 0) return this.#limit();
    this.counts.scrapes++;
    return infoHashes.map((infoHash) => this.#count(infoHash));
  }

  #count(infoHash: string): Counts {
    const swarm = this.#options.swarms.find(infoHash);
    if (swarm === undefined) return NOTHING;
    return { complete: swarm.complete, incomplete: swarm.incomplete, downloaded: swarm.downloaded };
  }

  #limit(): IpFailure {
    this.counts.limited++;
    return { failure: 'Too many requests, come back later', retryMinutes: 1 };
  }

  #refuse({ cause, reason, retryMinutes }: Refusal): IpFailure {
    this.counts[cause === 'turned_away' ? 'turned_away' : 'refused']++;
    return retryMinutes === undefined ? { failure: reason } : { failure: reason, retryMinutes };
  }
}
