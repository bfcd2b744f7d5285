// Which relays a torrent is announced to, and the ICE servers of this one: all that the player needs of the swarm of relays.
import { infoHashKey, rankRelays } from '@relay-swarm/protocol/ranking';
import { decodeRoster } from '@relay-swarm/protocol/roster';

export interface Relays {
  /** Where to announce this torrent, in this order. */
  announceUrls(infoHash: string): Promise<readonly string[]>;
  iceServers(): Promise<RTCIceServer[]>;
}

const RELAYS_PER_TORRENT = 3;
const ASK_MS_MAX = 4_000;

/**
 * The relays that `site` knows (the origin of a relay's pages). Viewers of one torrent meet because all of them rank the relays alike; where
 * the relay of the page does not know itself (it has no public address), it is all there is. Never rejects: what is not known is left out.
 */
export function relaysOf(site: string): Relays {
  const own = new URL(site).origin.replace(/^http/, 'ws');
  return {
    announceUrls: async (infoHash) => {
      const roster = await ask(`${site}/relays.json`, decodeRoster);
      const usable = (roster?.relays ?? []).filter(({ state }) => state === 'ok' || state === 'busy');
      const ranked = rankRelays(infoHashKey(infoHash), usable, RELAYS_PER_TORRENT);
      const urls = ranked.map(({ url }) => url);
      // One relay under two addresses would take a viewer for two, and refuse the second.
      const isListed = roster?.relays.some(({ id }) => id === roster.self) ?? false;
      return isListed ? urls : [...new Set([...urls, own])];
    },
    iceServers: async () => {
      const answer = await ask(`${site}/ice-servers`, (text) => JSON.parse(text) as unknown);
      const servers = (answer as { iceServers?: unknown } | undefined)?.iceServers;
      return Array.isArray(servers) ? (servers as RTCIceServer[]) : [];
    },
  };
}

async function ask<T>(url: string, decode: (text: string) => T): Promise<T | undefined> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(ASK_MS_MAX) });
    return response.ok ? decode(await response.text()) : undefined;
  } catch {
    return undefined; // down, or none of ours
  }
}
