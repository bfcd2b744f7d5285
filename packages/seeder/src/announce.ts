// Where a torrent is announced: trackers that were named, or the relays of a roster in the order of its info hash, as browsers rank them.
import { infoHashKey, rankRelays } from '@relay-swarm/protocol/ranking';
import { decodeRoster, type Roster } from '@relay-swarm/protocol/roster';

export interface AnnounceWish {
  /** Trackers by URL or host. They replace the choice. */
  readonly trackers: readonly string[];
  /** Where a relay answers, for example https://tracker.example.org. */
  readonly roster: string;
}

const RELAYS_PER_TORRENT = 3;
const ASK_MS_MAX = 5_000;

/** Asks the relay for the others it knows; undefined where it does not answer. */
export async function askRoster(relay: string): Promise<Roster | undefined> {
  try {
    const response = await fetch(new URL('/relays.json', relay), { signal: AbortSignal.timeout(ASK_MS_MAX) });
    return response.ok ? decodeRoster(await response.text()) : undefined;
  } catch {
    return undefined; // down: the relay itself is used, which may come back
  }
}

/**
 * WebSocket URLs for browsers, and behind them the same relays over HTTP for clients that speak TCP only.
 * @param roster what the relay answered
 */
export function announceUrls(infoHash: string, wish: AnnounceWish, roster: Roster | undefined): string[] {
  if (wish.trackers.length > 0) return wish.trackers.map(trackerUrl);
  const usable = (roster?.relays ?? []).filter(({ state }) => state === 'ok' || state === 'busy');
  const ranked = rankRelays(infoHashKey(infoHash), usable, RELAYS_PER_TORRENT).map(({ url }) => url);
  // The relay that was asked has a place by its rank; where it does not know itself, it is all there is to begin with.
  const isListed = roster?.relays.some(({ id }) => id === roster.self) ?? false;
  const relays = isListed ? ranked : [...new Set([...ranked, trackerUrl(wish.roster)])];
  return [...relays, ...relays.map((url) => `${url.replace(/^ws/, 'http').replace(/\/$/, '')}/announce`)];
}

/** A host gets wss:// (ws:// on this machine), an http address of a relay its WebSocket; a slash at the end goes. */
export function trackerUrl(text: string): string {
  const trimmed = text.trim().replace(/\/+$/, '');
  if (/^(wss?|udp):\/\//.test(trimmed) || /^https?:\/\/.*\/announce$/.test(trimmed)) return trimmed;
  if (/^https?:\/\//.test(trimmed)) return trimmed.replace(/^http/, 'ws');
  return `${/^(localhost|127\.|\[::1\]|[^/]+\.localhost)/.test(trimmed) ? 'ws' : 'wss'}://${trimmed}`;
}

/** ICE servers of the relay, with credentials of an hour or so; none where it has none. */
export async function askIceServers(relay: string): Promise<unknown[]> {
  try {
    const response = await fetch(new URL('/ice-servers', relay), { signal: AbortSignal.timeout(ASK_MS_MAX) });
    const answer = (await response.json()) as { iceServers?: unknown };
    return Array.isArray(answer.iceServers) ? (answer.iceServers as unknown[]) : [];
  } catch {
    return []; // no STUN there: enough on one network, and behind most routers peers find the way by the others' candidates
  }
}
