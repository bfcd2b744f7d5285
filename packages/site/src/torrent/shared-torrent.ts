// A torrent in this page, shared by all who play it, with counts of what came from whom.
import { announceAt } from '@relay-swarm/client/keep-tracker';
import type { Relays } from '../relays.ts';
import { writeMagnet, type Magnet } from '../links/magnet.ts';
import { getClient, type Torrent, type TorrentFile } from './client.ts';
import { pieceStoreFor } from './piece-store.ts';
import { ruleWire, type WireCounts } from './wire-rules.ts';

export interface TorrentOptions {
  /** The magnet, or the .torrent itself with its info hash. */
  readonly magnet: Magnet;
  readonly torrentFile?: Uint8Array | undefined;
  /** Trackers beside those in the magnet and those of the relays. */
  readonly trackers: readonly string[];
  readonly p2p: 'auto' | 'off' | 'download-only';
  /** Bytes per second to all peers of this page; undefined: as fast as it goes. */
  readonly uploadMax: number | undefined;
  /** False: announced at the trackers named here only, and at no relay that they do not name. */
  readonly usesRelays?: boolean | undefined;
  /** A store that has all pieces already, and so nothing is checked or downloaded. */
  readonly preloaded?: unknown;
}

export interface TorrentStats {
  readonly peers: number;
  /** Bytes per second. */
  readonly downloadSpeed: number;
  readonly uploadSpeed: number;
  /** Bytes of files, received from peers and from web seeds and passed on, since the page opened. */
  readonly fromPeers: number;
  readonly fromServers: number;
  readonly uploaded: number;
  /** How many peers were let go: leaveSilentPeer(). */
  readonly silentPeers: number;
  /** From 0 to 1, of what was selected and of all else. */
  readonly progress: number;
  readonly trackers: readonly { readonly url: string; readonly isConnected: boolean }[];
  /** How often a relay in use has failed, and others took over. */
  readonly failOvers: number;
}

interface Counts extends WireCounts {
  failOvers: number;
}

export class SharedTorrent {
  readonly torrent: Torrent;
  readonly #counts: Counts;
  readonly #leave: () => void;

  constructor(torrent: Torrent, counts: Counts, leave: () => void) {
    this.torrent = torrent;
    this.#counts = counts;
    this.#leave = leave;
  }

  /** Resolves once the names of the files are known. @throws what the torrent ended with, now or before; AbortError */
  metadata(signal: AbortSignal): Promise<readonly TorrentFile[]> {
    const { torrent } = this;
    return new Promise<readonly TorrentFile[]>((resolve, reject) => {
      const onReady = (): void => settle(() => resolve(torrent.files));
      const onError = (error: Error | string): void =>
        settle(() => reject(error instanceof Error ? error : new Error(error)));
      const onClose = (): void => settle(() => reject(new Error('The torrent was closed')));
      const onAbort = (): void => settle(() => reject(new DOMException('No longer wanted', 'AbortError')));
      const settle = (settled: () => void): void => {
        torrent.removeListener('ready', onReady);
        torrent.removeListener('error', onError);
        torrent.removeListener('close', onClose);
        signal.removeEventListener('abort', onAbort);
        settled();
      };
      torrent.on('ready', onReady);
      torrent.on('error', onError);
      torrent.on('close', onClose);
      signal.addEventListener('abort', onAbort);
      // What has happened already is not told again.
      if (signal.aborted) onAbort();
      else if (torrent.destroyed) onClose();
      else if (torrent.ready) onReady();
    });
  }

  stats(): TorrentStats {
    const { torrent } = this;
    return {
      peers: torrent.numPeers,
      downloadSpeed: torrent.downloadSpeed,
      uploadSpeed: this.#counts.uploaded === 0 ? 0 : torrent.uploadSpeed, // requests count too, which pass nothing on
      ...this.#counts,
      progress: torrent.progress,
      trackers: (torrent.discovery?.tracker?._trackers ?? []).map(({ announceUrl, socket }) => ({
        url: announceUrl,
        isConnected: socket?.connected === true,
      })),
    };
  }

  leave(): void {
    this.#leave();
  }
}

interface Shared {
  readonly torrent: Torrent;
  readonly counts: Counts;
  /** At whose relays it is kept. */
  readonly keepers: Set<Relays>;
}
interface Entry {
  readonly shared: Promise<Shared>;
  users: number;
}
/** Those that live, or are about to. */
const entries = new Map<string, Entry>();

/** Joins the torrent, or adds it. Every joiner leaves once; the last one ends it. */
export async function joinTorrent(options: TorrentOptions, relays: Relays): Promise<SharedTorrent> {
  const key = `${options.magnet.infoHash} ${options.p2p === 'off' ? 'servers' : 'peers'}`;
  const found = entries.get(key);
  const entry = found ?? addEntry(key, options, relays);
  entry.users++;
  const { shared } = entry;
  const leave = (): void => {
    entry.users--;
    if (entry.users > 0) return;
    forget(key, entry);
    void shared.then(
      ({ torrent }) => torrent.destroyed || torrent.destroy(),
      () => undefined, // never added
    );
  };
  const joined = await shared;
  const { torrent, counts } = joined;
  if (found !== undefined && !torrent.destroyed) extend(joined, options, relays);
  return new SharedTorrent(torrent, counts, once(leave));
}

/** Where this joiner finds it is where all find it from now on. */
function extend(shared: Shared, options: TorrentOptions, relays: Relays): void {
  const { torrent, keepers } = shared;
  const { magnet, trackers, p2p, usesRelays = true } = options;
  for (const url of magnet.webSeeds) {
    if (torrent.urlList.includes(url)) continue;
    torrent.urlList.push(url); // WebTorrent goes through this list once it knows the files
    if (torrent.metadata !== undefined) torrent.addWebSeed(url);
  }
  if (p2p === 'off') return;
  const announce = (urls: readonly string[]): Promise<void> => announceAt(torrent, urls);
  const ended = (): void => undefined; // meanwhile
  announce([...magnet.trackers, ...trackers]).catch(ended);
  if (!usesRelays || keepers.has(relays)) return;
  relays.announceUrls(magnet.infoHash).then(announce).catch(ended);
  keep(shared, relays);
}

/** A relay that this torrent is still announced at, since another joiner's roster has it too, has not failed it. */
function keep({ torrent, counts, keepers }: Shared, relays: Relays): void {
  keepers.add(relays);
  const isUsed = (url: string): boolean =>
    (torrent.discovery?.tracker?._trackers ?? []).some(
      ({ announceUrl }) => announceUrl === url.replace(/\/$/, ''),
    );
  void relays.keep(torrent, ({ removed }) => {
    if (removed.some(({ url }) => !isUsed(url))) counts.failOvers++;
  });
}

/** Whoever comes after it has failed or ended gets a new one, whatever others still hold the old one. */
function addEntry(key: string, options: TorrentOptions, relays: Relays): Entry {
  const entry: Entry = { shared: add(options, relays), users: 0 };
  entries.set(key, entry);
  entry.shared.then(
    ({ torrent }) => torrent.once('close', () => forget(key, entry)), // WebTorrent closes what has failed, too
    () => forget(key, entry),
  );
  return entry;
}

function forget(key: string, entry: Entry): void {
  if (entries.get(key) === entry) entries.delete(key);
}

async function add(options: TorrentOptions, relays: Relays): Promise<Shared> {
  const { magnet, p2p, usesRelays = true } = options;
  const withPeers = p2p !== 'off';
  const [client, announced, store] = await Promise.all([
    getClient(withPeers, () => relays.iceServers()),
    withPeers && usesRelays ? relays.announceUrls(magnet.infoHash) : [],
    options.preloaded === undefined ? pieceStoreFor(magnet.infoHash) : undefined,
  ]);
  if (options.uploadMax !== undefined) client.throttleUpload(options.uploadMax);
  const torrent = client.add(options.torrentFile ?? writeMagnet(magnet), {
    announce: withPeers ? [...new Set([...options.trackers, ...announced])] : [],
    urlList: [...magnet.webSeeds],
    ...(store === undefined
      ? { preloadedStore: options.preloaded, skipVerify: true }
      : { store: store.Store }),
    storeCacheSlots: 0, // pieces are read from a file system that has a cache
    deselect: options.preloaded === undefined,
    ...(p2p === 'download-only' ? { uploads: 0 } : {}),
  });
  const counts = { fromPeers: 0, fromServers: 0, uploaded: 0, silentPeers: 0, failOvers: 0 };
  const shared: Shared = { torrent, counts, keepers: new Set() };
  if (withPeers && usesRelays) keep(shared, relays);
  torrent.on('wire', (wire) => ruleWire(wire, torrent, { counts, isSelfish: p2p === 'download-only' }));
  torrent.on('warning', () => undefined); // a tracker that does not answer: there are others, and the statistics show it
  torrent.on('error', () => undefined); // whoever waits for the metadata hears of it
  torrent.once('close', () => store?.release()); // also where it ended before there was a store
  return shared;
}

function once(action: () => void): () => void {
  let isDone = false;
  return () => {
    if (isDone) return;
    isDone = true;
    action();
  };
}
