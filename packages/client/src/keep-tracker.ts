// webtorrent and bittorrent-tracker's client on the relays of a torrent: where one dies, the next one takes its place in the running client.
// Nothing is restarted: connections to peers belong to the torrent, and outlive the relay that introduced them.
import { infoHashKey } from '@relay-swarm/protocol/ranking';
import { ClientError } from './errors.ts';
import { RelayChoice, type RelayChoiceOptions } from './relay-choice.ts';
import type { Roster } from './roster.ts';

export interface KeepOptions extends RelayChoiceOptions {
  /** Further announce URLs of the relay with this WebSocket URL. */
  readonly alsoAt?: (url: string) => readonly string[];
}

/** What is used of one tracker inside bittorrent-tracker's client (versions 9 to 11). */
interface InnerTracker {
  client: unknown;
  readonly announceUrl: string;
  readonly destroyed: boolean;
  readonly reconnectTimer?: ReturnType<typeof setTimeout> | null;
  announce(options: object): void;
  setInterval(ms?: number): void;
  destroy(callback: () => void): void;
}

/** What is used of bittorrent-tracker's client. It has no call to add or remove one tracker, so its list is changed here, and only here. */
export interface TrackerClient {
  readonly infoHash: string;
  readonly destroyed: boolean;
}
interface Inner extends TrackerClient {
  readonly peerId: string;
  readonly _port?: number;
  readonly _rtcConfig?: object;
  readonly _wrtc?: unknown;
  _trackers: InnerTracker[];
  _defaultAnnounceOpts(options?: object): object;
  destroy(callback?: () => void): void;
}

/** What is used of a webtorrent Torrent (versions 1 and 2). */
export interface WebTorrentTorrent {
  readonly destroyed: boolean;
  readonly discovery?: { readonly tracker: unknown } | null;
  once(event: 'infoHash' | 'metadata' | 'ready' | 'close' | 'noPeers', listener: () => void): unknown;
}

/**
 * Keeps a bittorrent-tracker client announced at the k relays of its info hash, until it is destroyed or the signal aborts.
 * Trackers that are no relays of the roster are left alone.
 */
export function keepTracker(client: TrackerClient, roster: Roster, options: KeepOptions = {}): RelayChoice {
  const inner = client as Inner;
  if (!Array.isArray(inner._trackers) || typeof inner._defaultAnnounceOpts !== 'function')
    throw new ClientError(
      'BAD_ARGUMENT',
      'Cannot keep this tracker client: wanted a Client of bittorrent-tracker',
    );
  const choice = new RelayChoice(roster, infoHashKey(client.infoHash), options);
  const keeps = keepsOf(client);
  const add = (url: string): void => {
    keeps.set(url, (keeps.get(url) ?? 0) + 1);
    addTracker(inner, url);
  };
  /** Whether nobody else wants it. */
  const leave = (url: string): boolean => {
    const left = (keeps.get(url) ?? 1) - 1;
    if (left > 0) keeps.set(url, left);
    else keeps.delete(url);
    return left === 0;
  };
  const urlsOf = ({ url }: { readonly url: string }): readonly string[] => [
    url,
    ...(options.alsoAt?.(url) ?? []),
  ];
  for (const relay of choice.relays) urlsOf(relay).forEach(add);
  // What it has stays, and is no longer its.
  choice.signal.addEventListener('abort', () => choice.relays.flatMap(urlsOf).forEach(leave), { once: true });
  choice.on('relaychange', ({ added, removed }) => {
    if (client.destroyed) {
      choice.close();
      return;
    }
    for (const url of removed.flatMap(urlsOf)) if (leave(url)) removeTracker(inner, url);
    for (const relay of added) urlsOf(relay).forEach(add);
  });
  return choice;
}

/** How many rosters keep a client at each URL: what one of them leaves, another may still want. */
const kept = new WeakMap<TrackerClient, Map<string, number>>();
function keepsOf(client: TrackerClient): Map<string, number> {
  const found = kept.get(client) ?? new Map<string, number>();
  kept.set(client, found);
  return found;
}

/** Keeps a webtorrent torrent announced at the k relays of its info hash, until it is closed or the signal aborts. Resolves once it is begun. */
export async function keepTorrent(
  torrent: WebTorrentTorrent,
  roster: Roster,
  options: KeepOptions = {},
): Promise<RelayChoice> {
  const tracker = await trackerOf(torrent);
  const choice = keepTracker(tracker, roster, options);
  torrent.once('close', () => choice.close());
  return choice;
}

/** Announces a webtorrent torrent at these trackers, too. Rejects with a ClientError where it has ended, or asks no trackers. */
export async function announceAt(torrent: WebTorrentTorrent, urls: readonly string[]): Promise<void> {
  const client = (await trackerOf(torrent)) as Inner;
  for (const url of urls) addTracker(client, url);
}

/** webtorrent makes its tracker client once it knows the info hash and its own port. */
async function trackerOf(torrent: WebTorrentTorrent): Promise<TrackerClient> {
  for (let tries = 0; tries < 600; tries++) {
    const tracker = torrent.discovery?.tracker;
    if (tracker != null) return tracker as TrackerClient;
    if (torrent.destroyed) throw new ClientError('CLOSED', 'Cannot keep this torrent: it was closed');
    if (torrent.discovery != null) break; // made, and without trackers
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new ClientError(
    'BAD_ARGUMENT',
    'Cannot keep this torrent: it has no tracker client (was `tracker: false` given?)',
  );
}

/** A client of the same kind makes the tracker, as it makes all of its own; then it is the running client's. One that is there stays. */
function addTracker(client: Inner, url: string): void {
  if (client.destroyed || client._trackers.some((tracker) => isSame(tracker.announceUrl, url))) return;
  const Client = client.constructor as new (options: object) => Inner;
  const maker = new Client({
    infoHash: client.infoHash,
    peerId: client.peerId,
    announce: [url],
    port: client._port,
    rtcConfig: client._rtcConfig,
    wrtc: client._wrtc,
  });
  for (const tracker of maker._trackers) {
    tracker.client = client;
    client._trackers.push(tracker);
    tracker.setInterval();
    tracker.announce(client._defaultAnnounceOpts({ event: 'started' }));
  }
  maker._trackers = [];
}

function removeTracker(client: Inner, url: string): void {
  const gone = client._trackers.filter((tracker) => isSame(tracker.announceUrl, url));
  client._trackers = client._trackers.filter((tracker) => !gone.includes(tracker));
  for (const tracker of gone) {
    clearTimeout(tracker.reconnectTimer ?? undefined); // one whose socket has just closed would open it again
    try {
      tracker.destroy(() => undefined); // for HTTP and UDP the library needs a callback
    } catch {
      // Its socket is shared with other torrents, and was taken from under it by the first of them: nothing is left to close.
    }
  }
}

const isSame = (a: string, b: string): boolean => a.replace(/\/$/, '') === b.replace(/\/$/, '');
