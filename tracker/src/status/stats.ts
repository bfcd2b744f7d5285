// The numbers that bittorrent-tracker shows under /stats and /stats.json, under the same names. The only importer of bittorrent-peerid.
import identify from 'bittorrent-peerid';
import type { SwarmTable } from '../swarm/swarm-table.ts';

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

/** Looking at every peer takes time, so the numbers are at least this old before they are made anew. */
const AGE_MS_MAX = 10_000;
/** A peer id is whatever its peer says: names beyond so many are counted as "other". */
const CLIENTS_MAX = 50;
const VERSIONS_MAX = 50;

/** A function that answers the numbers, made anew at most every AGE_MS_MAX. */
export function createStats(swarms: SwarmTable, now: () => number): () => Stats {
  let made: { stats: Stats; atMs: number } | undefined;
  return () => {
    if (made === undefined || now() - made.atMs >= AGE_MS_MAX) made = { stats: count(swarms), atMs: now() };
    return made.stats;
  };
}

function count(swarms: SwarmTable): Stats {
  const peers = new Map<string, { seeds: boolean; leeches: boolean; isIPv6: boolean }>();
  for (const swarm of swarms.all()) {
    for (const { id, isSeeder, isIPv6 } of swarm.peers()) {
      const known = peers.get(id);
      if (known === undefined) peers.set(id, { seeds: isSeeder, leeches: !isSeeder, isIPv6 });
      else if (isSeeder) known.seeds = true;
      else known.leeches = true;
    }
  }
  const sums = {
    peersSeederOnly: 0,
    peersLeecherOnly: 0,
    peersSeederAndLeecher: 0,
    peersIPv4: 0,
    peersIPv6: 0,
  };
  const clients = new Map<string, Map<string, number>>();
  for (const [id, { seeds, leeches, isIPv6 }] of peers) {
    sums[seeds && leeches ? 'peersSeederAndLeecher' : seeds ? 'peersSeederOnly' : 'peersLeecherOnly']++;
    sums[isIPv6 ? 'peersIPv6' : 'peersIPv4']++;
    const { client, version = 'unknown' } = clientOf(id);
    const name = bounded(clients, client, CLIENTS_MAX);
    const versions = clients.get(name) ?? new Map<string, number>();
    clients.set(name, versions);
    const key = bounded(versions, version, VERSIONS_MAX);
    versions.set(key, (versions.get(key) ?? 0) + 1);
  }
  return {
    torrents: swarms.size,
    activeTorrents: swarms.size, // empty swarms are forgotten at once
    peersAll: peers.size,
    ...sums,
    clients: Object.fromEntries([...clients].map(([name, versions]) => [name, Object.fromEntries(versions)])),
  };
}

function clientOf(id: string): { client: string; version?: string | undefined } {
  try {
    return identify(Buffer.from(id, 'latin1'));
  } catch {
    return { client: 'unknown' }; // an id that the library cannot make out is no fault of anybody
  }
}

const bounded = (map: ReadonlyMap<string, unknown>, key: string, keysMax: number): string =>
  map.has(key) || map.size < keysMax ? key : 'other';
