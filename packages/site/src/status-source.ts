// What the relay says of itself and of the others, read for the home page and the status page.
import { decodeRoster, type Roster } from '@relay-swarm/protocol/roster';

const STATS = [
  'torrents',
  'activeTorrents',
  'peersAll',
  'peersSeederOnly',
  'peersLeecherOnly',
  'peersSeederAndLeecher',
] as const;
export type Stats = Readonly<Record<(typeof STATS)[number], number>>;

/** Undefined where the operator shows no numbers, or nothing answers. */
export async function readStats(): Promise<Stats | undefined> {
  const json = await get('/stats.json', (text) => JSON.parse(text) as unknown);
  if (typeof json !== 'object' || json === null) return undefined;
  const numbers = STATS.map((name) => [name, (json as Record<string, unknown>)[name]] as const);
  return numbers.every(([, value]) => typeof value === 'number')
    ? (Object.fromEntries(numbers) as Stats)
    : undefined;
}

/** The last hour, as tracker/src/status/history.ts has it; lists run from the oldest sample to the newest. */
export interface History {
  readonly periodSeconds: number;
  readonly endsAtMs: number;
  readonly peers: readonly number[];
  readonly swarms: readonly number[];
  readonly signalingClients: readonly number[];
  readonly allocations: readonly number[];
  /** Relay id → load in percent, one a minute; -1 where it was not listed. */
  readonly relays: ReadonlyMap<string, readonly number[]>;
}

const SAMPLES_MAX = 1_000;

function decodeHistory(text: string): History {
  const json = JSON.parse(text) as Readonly<Record<string, unknown>>;
  const row = (name: string): number[] => numbers(json[name]);
  const [periodSeconds = 1, endsAtMs = 0] = numbers([json['periodSeconds'], json['endsAtMs']]);
  const relays = Object.entries(json['relays'] ?? {}).map(([id, loads]) => [id, numbers(loads)] as const);
  return {
    ...{ periodSeconds, endsAtMs },
    ...{ peers: row('peers'), swarms: row('swarms') },
    ...{ signalingClients: row('signalingClients'), allocations: row('allocations') },
    relays: new Map(relays),
  };
}

function numbers(value: unknown): number[] {
  if (!Array.isArray(value) || value.length > SAMPLES_MAX) throw new Error('Cannot read a row of numbers');
  return value.map((one) => (typeof one === 'number' && Number.isFinite(one) ? one : 0));
}

/** Undefined where the operator shows no numbers, or nothing answers. */
export const readHistory = (): Promise<History | undefined> => get('/history.json', decodeHistory);

export const readRelays = (): Promise<Roster | undefined> => get('/relays.json', decodeRoster);

async function get<T>(path: string, decode: (text: string) => T): Promise<T | undefined> {
  try {
    const response = await fetch(path, { signal: AbortSignal.timeout(5_000) });
    return response.ok ? decode(await response.text()) : undefined;
  } catch {
    return undefined; // down, or nothing that we can read: the page shows that it does not know
  }
}
