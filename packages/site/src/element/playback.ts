// From a source to an address that a <video> can play: the torrent is joined, the file chosen, and the best way taken that works here:
// a stream through the service worker, the file from its web seed over HTTP, or as the last resort the whole file in memory.
import { readSource, bareMagnet, type Magnet } from '../links/magnet.ts';
import type { Relays } from '../relays.ts';
import { addStream, removeStream, startStreams } from '../stream/streams.ts';
import { infoHashOf } from '../torrent/info-hash.ts';
import { joinTorrent, type SharedTorrent, type TorrentOptions } from '../torrent/shared-torrent.ts';
import type { TorrentFile } from '../torrent/client.ts';
import { faults } from './faults.ts';
import { chooseFile } from './files.ts';

/** How the bytes come to the player. */
export type Way = 'stream' | 'server' | 'memory';

export interface PlaybackOptions {
  readonly source: string;
  readonly file: string | undefined;
  readonly trackers: readonly string[];
  readonly webSeeds: readonly string[];
  readonly p2p: TorrentOptions['p2p'];
  readonly uploadMax: number | undefined;
  /** Only what is played, and not the rest of the file for others. */
  readonly isSparing: boolean;
  /** The service worker's address; undefined where the page has none. */
  readonly worker: string | undefined;
  readonly relays: Relays;
  readonly signal: AbortSignal;
  /** The torrent has ended by itself while the file played, as on a full disk: nothing more of its stream will come. */
  readonly broken: (cause: Error) => void;
}

export interface Ready {
  readonly url: string;
  readonly way: Way;
  readonly name: string;
  /** Undefined where the file comes from its server without anybody knowing the torrent yet. */
  readonly file: TorrentFile | undefined;
}

/** With a web seed, peers that could tell what is in the torrent are waited for this long. */
const METADATA_MS_BEFORE_SERVER = 8_000;
const TORRENT_BYTES_MAX = 20_000_000;

export class Playback {
  readonly #options: PlaybackOptions;
  readonly #ways: Way[] = ['stream', 'server', 'memory'];
  #shared: SharedTorrent | undefined;
  #magnet: Magnet | undefined;
  #file: TorrentFile | undefined;
  #url: string | undefined;
  /** Whoever waits for the end of the torrent. */
  readonly #atEnd = new Set<() => void>();
  // Kept, because stop() takes them off the torrent, which other players may go on using.
  readonly #onError = (error: Error | string): void => {
    if (!this.#options.signal.aborted)
      this.#options.broken(error instanceof Error ? error : new Error(error));
  };
  readonly #onClose = (): void => {
    for (const tell of this.#atEnd) tell();
  };

  constructor(options: PlaybackOptions) {
    this.#options = options;
  }

  get torrent(): SharedTorrent | undefined {
    return this.#shared;
  }
  get file(): TorrentFile | undefined {
    return this.#file;
  }

  /** @throws LinkError, PlaybackFault, AbortError */
  async start(): Promise<Ready> {
    const { source, webSeeds, signal } = this.#options;
    const named = readSource(source);
    const found = named.kind === 'magnet' ? { magnet: named.magnet } : await fetchTorrent(named.url, signal);
    this.#magnet = { ...found.magnet, webSeeds: [...new Set([...found.magnet.webSeeds, ...webSeeds])] };
    if (
      this.#options.p2p !== 'off' &&
      !('RTCPeerConnection' in globalThis) &&
      this.#magnet.webSeeds.length === 0
    )
      throw faults.peersUnsupported();
    this.#shared = await joinTorrent(
      { ...this.#options, ...found, magnet: this.#magnet },
      this.#options.relays,
    );
    if (signal.aborted) {
      this.stop();
      throw new DOMException('No longer wanted', 'AbortError');
    }
    const files = await this.#metadata(this.#shared, this.#magnet);
    if (files === undefined) return this.#fromServer(this.#magnet);
    const file = chooseFile(files, this.#options.file);
    if (file === undefined)
      throw faults.noSuchFile(
        this.#options.file,
        files.map(({ path }) => path),
      );
    this.#file = file;
    this.#shared.torrent.on('error', this.#onError);
    this.#shared.torrent.on('close', this.#onClose);
    // What is being played comes first by itself; the rest follows, so that it can be passed on.
    if (!this.#options.isSparing) file.select(0);
    return this.#next();
  }

  /** The next way, after the one before has failed. @throws PlaybackFault where there is none left */
  async nextWay(cause: unknown): Promise<Ready> {
    this.#ways.shift();
    this.#dropUrl();
    if (this.#ways.length === 0 || this.#file === undefined) throw faults.streamBroken(cause);
    return this.#next(cause);
  }

  /** An address for another file of the torrent; undefined where it cannot be streamed. */
  async addressOf(file: TorrentFile): Promise<string | undefined> {
    const { worker } = this.#options;
    if (worker === undefined) return undefined;
    try {
      return addStream(await startStreams(worker), file);
    } catch {
      return undefined; // no service worker here
    }
  }

  stop(): void {
    this.#dropUrl();
    this.#shared?.torrent.removeListener('error', this.#onError);
    this.#shared?.torrent.removeListener('close', this.#onClose);
    this.#shared?.leave();
    this.#shared = undefined;
  }

  /** Undefined where a server has the file, and nobody tells in time what is in the torrent. @throws PlaybackFault where it ends before that */
  async #metadata(
    shared: SharedTorrent,
    { webSeeds: [seed] }: Magnet,
  ): Promise<readonly TorrentFile[] | undefined> {
    const { signal } = this.#options;
    const hasServer = seed !== undefined && !seed.endsWith('/');
    const metadata = shared.metadata(signal).catch((error: unknown) => {
      if (signal.aborted) throw error;
      if (hasServer) return undefined;
      throw faults.streamBroken(error);
    });
    if (!hasServer) return metadata;
    metadata.catch(() => undefined); // late: the server is asked by then
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(
        () => resolve(undefined),
        this.#options.p2p === 'off' ? 0 : METADATA_MS_BEFORE_SERVER,
      );
    });
    return Promise.race([metadata, late]).finally(() => clearTimeout(timer));
  }

  #fromServer({ webSeeds, name }: Magnet): Ready {
    const [url = ''] = webSeeds;
    this.#ways.splice(0, this.#ways.length, 'server');
    return {
      url,
      way: 'server',
      name: name ?? decodeURIComponent(url.split('/').at(-1) ?? ''),
      file: undefined,
    };
  }

  async #next(cause?: unknown): Promise<Ready> {
    const file = this.#file!;
    for (let way = this.#ways[0]; way !== undefined; way = this.#ways[0]) {
      const url = await this.#addressBy(way, file);
      if (url !== undefined) {
        this.#url = url;
        return { url, way, name: file.name, file };
      }
      this.#ways.shift();
    }
    throw faults.streamBroken(cause);
  }

  async #addressBy(way: Way, file: TorrentFile): Promise<string | undefined> {
    if (way === 'stream') return this.#inStream(file);
    if (way === 'server')
      return webSeedAddress(this.#shared!.torrent.urlList, this.#shared!.torrent.files, file);
    return this.#inMemory(file);
  }

  /** Undefined also where the torrent has ended, perhaps while another player had it: nobody is told again, and its stream would wait for ever. */
  async #inStream(file: TorrentFile): Promise<string | undefined> {
    const { torrent } = this.#shared!;
    const hasEnded = (): boolean => torrent.destroyed;
    if (hasEnded()) return undefined;
    const url = await this.addressOf(file);
    if (url === undefined || !hasEnded()) return url;
    removeStream(url);
    return undefined;
  }

  /** Undefined where the torrent has ended, or ends before all of it is there: then it never gives its files, and never says so. */
  async #inMemory(file: TorrentFile): Promise<string | undefined> {
    const { torrent } = this.#shared!;
    if (torrent.destroyed) return undefined;
    const ended = new Promise<undefined>((resolve) => this.#atEnd.add(() => resolve(undefined)));
    const blob = await Promise.race([file.blob(), ended]);
    return blob === undefined ? undefined : URL.createObjectURL(blob);
  }

  #dropUrl(): void {
    if (this.#url === undefined) return;
    if (this.#url.startsWith('blob:')) URL.revokeObjectURL(this.#url);
    else removeStream(this.#url);
    this.#url = undefined;
  }
}

/** Where a web seed has this file (BEP 19): its address for a single file; below it, by the path, for several. */
export function webSeedAddress(
  seeds: readonly string[],
  files: readonly { readonly path: string }[],
  file: { readonly path: string },
): string | undefined {
  const [seed] = seeds;
  if (seed === undefined) return undefined;
  if (files.length === 1 && !seed.endsWith('/')) return seed;
  const path = file.path.split(/[/\\]/).map(encodeURIComponent).join('/');
  return `${seed.replace(/\/?$/, '/')}${path}`;
}

async function fetchTorrent(
  url: string,
  signal: AbortSignal,
): Promise<{ magnet: Magnet; torrentFile: Uint8Array<ArrayBuffer> }> {
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    const response = await fetch(url, { signal });
    if (!response.ok) throw new Error(`The answer was ${response.status}`);
    bytes = new Uint8Array(await response.arrayBuffer());
  } catch (error) {
    if (signal.aborted) throw error;
    throw faults.torrentUnreachable(url, error);
  }
  const infoHash = bytes.length > TORRENT_BYTES_MAX ? undefined : await infoHashOf(bytes);
  if (infoHash === undefined) throw faults.torrentDamaged();
  return { magnet: bareMagnet(infoHash), torrentFile: bytes };
}
