// What the relay says of itself and of the others, read for the home page and the status page.
import { decodeHistory, type RelayHistory } from '@relay-swarm/protocol/history';
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

/** Undefined where the operator shows no numbers, or nothing answers. */
export const readHistory = (): Promise<RelayHistory | undefined> => get('/history.json', decodeHistory);

export const readRelays = (): Promise<Roster | undefined> => get('/relays.json', decodeRoster);

async function get<T>(path: string, decode: (text: string) => T): Promise<T | undefined> {
  try {
    const response = await fetch(path, { signal: AbortSignal.timeout(5_000) });
    return response.ok ? decode(await response.text()) : undefined;
  } catch {
    return undefined; // down, or nothing that we can read: the page shows that it does not know
  }
}
