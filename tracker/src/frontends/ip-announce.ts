// What HTTP and UDP have in common: a request in, an answer out. Knows no wire format; no sockets, no clock.
import { limitKey, type AddressRates } from '@relay-swarm/net';
import { isIPv6Endpoint, packEndpoint } from '../swarm/endpoint.ts';
import type { Host } from '../swarm/ip-peers.ts';
import type { HostRefusal, HostTable } from '../swarm/ip-peer-table.ts';
import type { SwarmTable } from '../swarm/swarm-table.ts';
import type { Dice } from '../swarm/swarm.ts';

export interface HostAnnounce {
  readonly infoHash: string;
  readonly peerId: string;
  /** Where the request came from; never what it says of itself. */
  readonly address: string;
  readonly port: number;
  readonly event: 'update' | 'started' | 'completed' | 'stopped';
  /** Undefined where the request does not say how much is left. */
  readonly isSeeder: boolean | undefined;
  readonly numwant: number | undefined;
  /** Whether the answer can name hosts of the other family. */
  readonly wantsBothFamilies: boolean;
}

export interface Counts {
  readonly complete: number;
  readonly incomplete: number;
  readonly downloaded: number;
}

export interface HostAnnounced extends Counts {
  readonly intervalSeconds: number;
  readonly hosts4: readonly Host[];
  readonly hosts6: readonly Host[];
}

/** In words for the client, and when it should ask again, where that is known. */
export interface HostFailure {
  readonly failure: string;
  readonly retryMinutes?: number;
}

export interface HostTrackerOptions {
  readonly swarms: SwarmTable;
  readonly hosts: HostTable;
  readonly rates: AddressRates;
  readonly intervalSeconds: number;
  readonly dice: Dice;
  /** Why this info hash is not served here, or undefined where it is. */
  readonly refuse: (infoHash: string) => string | undefined;
  /** Whether this relay is full or stopping: who is inside goes on, nobody else comes in. */
  readonly isTurningAway: () => boolean;
}

const NUMWANT_DEFAULT = 50;
const NUMWANT_MAX = 80;
/** What one datagram can ask for (BEP 15), and far more than fit into a URL of ordinary length. */
export const HOST_SCRAPE_HASHES_MAX = 74;

const REFUSALS: Readonly<Record<HostRefusal, string>> = {
  SWARMS_FULL: 'This tracker serves no further torrents now',
  HOSTS_FULL: 'This tracker serves no further hosts now',
  ADDRESS_HOSTS_FULL: 'Too many torrents from one address',
};
const TURNED_AWAY: HostFailure = {
  failure: 'This relay takes no further peers now, try another one or come back later',
  retryMinutes: 1,
};
const NOTHING: Counts = { complete: 0, incomplete: 0, downloaded: 0 };

export class HostTracker {
  readonly #options: HostTrackerOptions;
  readonly counts = { announces: 0, scrapes: 0, limited: 0, turned_away: 0, refused: 0 };

  constructor(options: HostTrackerOptions) {
    this.#options = options;
  }

  announce(request: HostAnnounce, nowMs: number): HostAnnounced | HostFailure {
    const { hosts, intervalSeconds, refuse, isTurningAway } = this.#options;
    const { infoHash, peerId, event } = request;
    const addressKey = limitKey(request.address);
    if (this.#options.rates.ask(addressKey, nowMs) > 0) return this.#limit();
    const endpoint = packEndpoint(request.address, request.port);
    const refusal = endpoint === undefined ? 'Cannot tell your address' : refuse(infoHash);
    if (endpoint === undefined || refusal !== undefined) return this.#refuse(refusal ?? '');

    const identity = { infoHash, peerId, endpoint };
    if (isTurningAway() && event !== 'stopped' && !hosts.has(identity)) {
      this.counts.turned_away++;
      return TURNED_AWAY;
    }
    this.counts.announces++;
    if (event === 'stopped') {
      hosts.leave(identity);
      return { ...this.#count(infoHash), intervalSeconds, hosts4: [], hosts6: [] };
    }
    const hasCompleted = event === 'completed';
    const news = { isSeeder: hasCompleted || request.isSeeder, hasCompleted };
    const host = hosts.announce(identity, addressKey, news, nowMs);
    if (typeof host === 'string') return this.#refuse(REFUSALS[host]);

    // Its own family first: a host that asks by IPv4 may well have no IPv6.
    const wanted = Math.min(request.numwant ?? NUMWANT_DEFAULT, NUMWANT_MAX);
    const sample = (isIPv6: boolean, count: number): Host[] =>
      host.swarm.hosts!.sample(isIPv6, host, count, this.#options.dice);
    const isIPv6 = isIPv6Endpoint(endpoint);
    const own = sample(isIPv6, wanted);
    const other = request.wantsBothFamilies ? sample(!isIPv6, wanted - own.length) : [];
    return {
      ...this.#count(infoHash),
      intervalSeconds,
      hosts4: isIPv6 ? other : own,
      hosts6: isIPv6 ? own : other,
    };
  }

  /** One answer for each info hash, in the same order; zeros for what nobody has announced. */
  scrape(infoHashes: readonly string[], address: string, nowMs: number): readonly Counts[] | HostFailure {
    if (this.#options.rates.ask(limitKey(address), nowMs) > 0) return this.#limit();
    this.counts.scrapes++;
    return infoHashes.map((infoHash) => this.#count(infoHash));
  }

  #count(infoHash: string): Counts {
    const swarm = this.#options.swarms.find(infoHash);
    if (swarm === undefined) return NOTHING;
    return { complete: swarm.complete, incomplete: swarm.incomplete, downloaded: swarm.downloaded };
  }

  #limit(): HostFailure {
    this.counts.limited++;
    return { failure: 'Too many requests, come back later' };
  }

  #refuse(failure: string): HostFailure {
    this.counts.refused++;
    return { failure };
  }
}
