// The numbers that bittorrent-tracker shows under /stats and /stats.json, under the same names. The only importer of bittorrent-peerid.
import identify from 'bittorrent-peerid';
import type { PeerObserver } from '../swarm/peer-observer.ts';

export interface Stats {
  readonly torrents: number;
  readonly activeTorrents: number;
  readonly peersAll: number;
  readonly peersSeederOnly: number;
  readonly peersLeecherOnly: number;
  readonly peersSeederAndLeecher: number;
  readonly peersIPv4: number;
  readonly peersIPv6: number;
  /** Name → version → peers. */
  readonly clients: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** A peer id is whatever its peer says: names beyond so many are counted as "other". */
const CLIENTS_MAX = 50;
const VERSIONS_MAX = 50;
/** Shown as the version of a client that tells none, as the reference server does. */
const PREFIX_CHARS = 8;

type Kind = 'peersSeederOnly' | 'peersLeecherOnly' | 'peersSeederAndLeecher';

/** One peer id, in whatever swarms it is. */
interface Tally {
  seeds: number;
  leeches: number;
  readonly isIPv6: boolean;
  readonly client: string;
  readonly version: string;
}

/** Counted as peers come and go: asking costs the same however many there are. A peer that is in several swarms counts once. */
export class PeerStatistics implements PeerObserver {
  readonly #peers = new Map<string, Tally>();
  readonly #clients = new Map<string, Map<string, number>>();
  readonly #kinds: Record<Kind, number> = {
    peersSeederOnly: 0,
    peersLeecherOnly: 0,
    peersSeederAndLeecher: 0,
  };
  #peersIPv6 = 0;

  came(id: string, isSeeder: boolean, isIPv6: boolean): void {
    let tally = this.#peers.get(id);
    if (tally === undefined) {
      const { client, version } = this.#count(id);
      tally = { seeds: 0, leeches: 0, isIPv6, client, version };
      this.#peers.set(id, tally);
      if (isIPv6) this.#peersIPv6++;
    } else this.#kinds[kindOf(tally)]--;
    tally[isSeeder ? 'seeds' : 'leeches']++;
    this.#kinds[kindOf(tally)]++;
  }

  changed(id: string, isSeeder: boolean): void {
    const tally = this.#peers.get(id);
    if (tally === undefined) return;
    this.#kinds[kindOf(tally)]--;
    tally[isSeeder ? 'leeches' : 'seeds']--;
    tally[isSeeder ? 'seeds' : 'leeches']++;
    this.#kinds[kindOf(tally)]++;
  }

  left(id: string, isSeeder: boolean): void {
    const tally = this.#peers.get(id);
    if (tally === undefined) return;
    this.#kinds[kindOf(tally)]--;
    tally[isSeeder ? 'seeds' : 'leeches']--;
    if (tally.seeds + tally.leeches > 0) {
      this.#kinds[kindOf(tally)]++;
      return;
    }
    this.#peers.delete(id);
    if (tally.isIPv6) this.#peersIPv6--;
    this.#uncount(tally);
  }

  /** `torrents`: swarms that have peers; empty ones are forgotten at once. */
  stats(torrents: number): Stats {
    return {
      torrents,
      activeTorrents: torrents,
      peersAll: this.#peers.size,
      ...this.#kinds,
      peersIPv4: this.#peers.size - this.#peersIPv6,
      peersIPv6: this.#peersIPv6,
      clients: Object.fromEntries(
        [...this.#clients].map(([name, versions]) => [name, Object.fromEntries(versions)]),
      ),
    };
  }

  /** Peers of each client, whatever its version. */
  byClient(): Record<string, number> {
    const sum = (versions: ReadonlyMap<string, number>): number =>
      [...versions.values()].reduce((a, b) => a + b, 0);
    return Object.fromEntries([...this.#clients].map(([name, versions]) => [name, sum(versions)]));
  }

  #count(id: string): { client: string; version: string } {
    const known = clientOf(id);
    const client = bounded(this.#clients, known.client, CLIENTS_MAX);
    const versions = this.#clients.get(client) ?? new Map<string, number>();
    this.#clients.set(client, versions);
    const version = bounded(versions, known.version, VERSIONS_MAX);
    versions.set(version, (versions.get(version) ?? 0) + 1);
    return { client, version };
  }

  #uncount({ client, version }: Tally): void {
    const versions = this.#clients.get(client)!;
    const left = versions.get(version)! - 1;
    if (left > 0) versions.set(version, left);
    else versions.delete(version);
    if (versions.size === 0) this.#clients.delete(client);
  }
}

function kindOf({ seeds, leeches }: Tally): Kind {
  return seeds > 0 ? (leeches > 0 ? 'peersSeederAndLeecher' : 'peersSeederOnly') : 'peersLeecherOnly';
}

function clientOf(id: string): { client: string; version: string } {
  const prefix = id.slice(0, PREFIX_CHARS).replace(/[^\x20-\x7e]/g, '.');
  try {
    const { client, version } = identify(Buffer.from(id, 'latin1'));
    return { client, version: version ?? prefix };
  } catch {
    return { client: 'unknown', version: prefix }; // the library does not know every client's form of id
  }
}

const bounded = (map: ReadonlyMap<string, unknown>, key: string, keysMax: number): string =>
  map.has(key) || map.size < keysMax ? key : 'other';
