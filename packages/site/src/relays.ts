// The swarm of relays, as far as a player or a seeder needs it: where a torrent is announced and kept while relays come and go, and ICE servers.
import { keepTorrent, Roster, type RelayChange, type WebTorrentTorrent } from '@relay-swarm/client';

export interface Relays {
  /** Where to announce this torrent now, in this order; what is not known is left out. Never rejects. */
  announceUrls(infoHash: string): Promise<readonly string[]>;
  /** Empty where no relay offers any. Never rejects. */
  iceServers(): Promise<RTCIceServer[]>;
  /** Keeps the torrent announced at the relays of its info hash until it ends; `failedOver` is called for each relay that fails in use. */
  keep(torrent: WebTorrentTorrent, failedOver: () => void): Promise<void>;
}

const RETRY_MS = 5_000;
const ICE_MS_MAX = 4_000;
const known = new Map<string, Relays>();

/**
 * The relays that these know (origins of relays' pages, separated by blanks); one view for everything in this page. Viewers of one torrent meet
 * because all of them rank the relays alike. A relay that does not list itself has no public address, and is used under the one given here.
 */
export function relaysOf(origins: string): Relays {
  const found = known.get(origins) ?? createRelays(origins.split(/\s+/).filter((origin) => origin !== ''));
  known.set(origins, found);
  return found;
}

function createRelays(origins: readonly string[]): Relays {
  const bases = origins.filter((origin) => URL.canParse(origin)).map((origin) => new URL(origin).origin);
  let roster: Promise<Roster> | undefined;
  const load = (): Promise<Roster> => {
    roster ??= Roster.load(bases);
    roster.catch(() => (roster = undefined)); // nobody answered; whoever asks next tries again
    return roster;
  };
  /** One relay under two addresses would take a viewer for two, and refuse the second. */
  const unlisted = (relays: Roster | undefined): string[] =>
    bases
      .filter((base) => {
        const id = relays?.idAt(base);
        return relays === undefined || (id !== undefined && !relays.relays.some((relay) => relay.id === id));
      })
      .map((base) => base.replace(/^http/, 'ws'));
  return {
    announceUrls: async (infoHash) => {
      const relays = await load().catch(() => undefined);
      return [...new Set([...(relays?.announceUrls(infoHash) ?? []), ...unlisted(relays)])];
    },
    iceServers: async () => {
      const offered = await load()
        .then((relays) => relays.iceServers())
        .catch(() => []);
      return offered.length > 0 ? offered : askIceServers(bases[0]);
    },
    keep: async (torrent, failedOver) => {
      for (; !torrent.destroyed; await new Promise((resolve) => setTimeout(resolve, RETRY_MS))) {
        const relays = await load().catch(() => undefined);
        if (relays === undefined) continue;
        const choice = await keepTorrent(torrent, relays).catch(() => undefined);
        choice?.on('relaychange', (change) => {
          if (isFailure(change)) failedOver();
        });
        return; // where it cannot be kept it was closed meanwhile
      }
    },
  };
}

/** A relay that was seen to fail, and not one that gave way to a better one. */
const isFailure = ({ reason, removed }: RelayChange): boolean =>
  removed.length > 0 && reason !== 'back' && reason !== 'roster';

/** Of a relay that has no public address: it lists nobody's, and has its own all the same. */
async function askIceServers(base: string | undefined): Promise<RTCIceServer[]> {
  try {
    const response = await fetch(`${base}/ice-servers`, { signal: AbortSignal.timeout(ICE_MS_MAX) });
    const { iceServers } = (await response.json()) as { iceServers?: unknown };
    return Array.isArray(iceServers) ? (iceServers as RTCIceServer[]) : [];
  } catch {
    return []; // none there: enough on one network
  }
}
