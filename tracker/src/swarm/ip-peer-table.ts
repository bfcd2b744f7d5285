// The hosts of all swarms, their number and their age. Pure: the time is passed in.
import { KeyCounts } from '@relay-swarm/net';
import { AgeList } from './age-list.ts';
import { Host, Hosts } from './ip-peers.ts';
import type { PeerNews, SwarmTable } from './swarm-table.ts';

export interface HostLimits {
  readonly hostsMax: number;
  /** Over all swarms; so one address cannot fill them with ports that nobody listens on. */
  readonly hostsPerAddressMax: number;
}

export type HostRefusal = 'SWARMS_FULL' | 'HOSTS_FULL' | 'ADDRESS_HOSTS_FULL';

export interface HostIdentity {
  readonly infoHash: string;
  readonly peerId: string;
  readonly endpoint: string;
}

export class HostTable {
  readonly #swarms: SwarmTable;
  readonly #limits: HostLimits;
  readonly #ofAddress = new KeyCounts();
  readonly #byAge = new AgeList<Host>();
  size = 0;
  /** Hosts that were removed because they had not announced for too long. */
  expired = 0;

  constructor(swarms: SwarmTable, limits: HostLimits) {
    this.#swarms = swarms;
    this.#limits = limits;
  }

  has({ infoHash, endpoint }: HostIdentity): boolean {
    return this.#swarms.find(infoHash)?.hosts?.find(endpoint) !== undefined;
  }

  announce(
    { infoHash, peerId, endpoint }: HostIdentity,
    addressKey: string,
    news: PeerNews,
    nowMs: number,
  ): Host | HostRefusal {
    let host = this.#swarms.find(infoHash)?.hosts?.find(endpoint);
    if (host === undefined) {
      if (this.size >= this.#limits.hostsMax) return 'HOSTS_FULL';
      if (this.#ofAddress.of(addressKey) >= this.#limits.hostsPerAddressMax) return 'ADDRESS_HOSTS_FULL';
      const swarm = this.#swarms.open(infoHash);
      if (swarm === undefined) return 'SWARMS_FULL';
      host = new Host(swarm, endpoint, addressKey, peerId, news.isSeeder ?? false);
      (swarm.hosts ??= new Hosts()).add(host);
      if (news.hasCompleted) swarm.downloaded++;
      this.#ofAddress.add(addressKey);
      this.#byAge.append(host, nowMs);
      this.size++;
    } else {
      if (news.hasCompleted && !host.isListedAsSeeder) host.swarm.downloaded++;
      host.id = peerId; // behind one endpoint there is one client, so this is the same one, started anew
      host.swarm.hosts!.become(host, news.isSeeder ?? host.isListedAsSeeder);
      this.#byAge.touch(host, nowMs);
    }
    return host;
  }

  /** The host leaves, if it is still the one with this peer id: the last word of a client may come after its successor's first. */
  leave({ infoHash, peerId, endpoint }: HostIdentity): void {
    const host = this.#swarms.find(infoHash)?.hosts?.find(endpoint);
    if (host?.id === peerId) this.remove(host);
  }

  /** Removes the hosts last seen before the given time. */
  expire(beforeMs: number): void {
    for (;;) {
      const host = this.#byAge.oldestBefore(beforeMs);
      if (host === undefined) return;
      this.remove(host);
      this.expired++;
    }
  }

  remove(host: Host): void {
    this.#byAge.takeOut(host);
    this.size--;
    this.#ofAddress.remove(host.addressKey);
    host.swarm.hosts!.remove(host);
    if (host.swarm.hosts!.isEmpty) host.swarm.hosts = undefined;
    this.#swarms.forgetIfEmpty(host.swarm);
  }
}
