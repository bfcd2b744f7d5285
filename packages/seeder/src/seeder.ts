// Seeds what it is given until it is told to stop.
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Announcer } from './announce.ts';
import type { SeedClient, Torrent } from './client.ts';
import { makeTorrent } from './make-torrent.ts';
import type { HashMemory } from './memory.ts';
import type { Report } from './report.ts';
import { listFiles, readSource, SourceError, type Source } from './sources.ts';
import { infoHashOf, magnetOf } from './torrent-names.ts';
import { webSeedFaults, webSeedsFor } from './web-seed.ts';

export interface SeederOptions {
  /** Where the page is that plays it: the origin of a relay. */
  readonly site: string;
  /** HTTP addresses; behind a slash at the end comes the name of the file or folder. */
  readonly webSeeds: readonly string[];
  /** Where magnets are downloaded to. */
  readonly downloads: string;
  /** Bytes that downloads may take on the disk. */
  readonly diskMax: number;
  /** Bytes of pieces kept in memory, over all torrents. */
  readonly memoryMax: number;
  readonly torrentsMax: number;
}

export class Seeder {
  readonly #client: SeedClient;
  readonly #memory: HashMemory;
  readonly #report: Report;
  readonly #announcer: Announcer;
  readonly #options: SeederOptions;
  readonly #torrents = new Map<string, Torrent>();
  readonly #downloads = new Map<string, Torrent>();
  #downloadBytes = 0;

  constructor(
    client: SeedClient,
    parts: { readonly memory: HashMemory; readonly report: Report; readonly announcer: Announcer },
    options: SeederOptions,
  ) {
    this.#client = client;
    this.#memory = parts.memory;
    this.#report = parts.report;
    this.#announcer = parts.announcer;
    this.#options = options;
  }

  get size(): number {
    return this.#torrents.size;
  }

  /** @throws SourceError, or what the disk or the torrent say */
  async seed(text: string): Promise<void> {
    if (this.#torrents.has(text)) return;
    if (this.#torrents.size >= this.#options.torrentsMax)
      throw new SourceError(
        `Cannot seed "${text}": the most is ${this.#options.torrentsMax} torrents (--torrents)`,
      );
    const source = await readSource(text);
    const { torrent, isHashed } =
      source.kind === 'path' ? await this.#seedPath(source.path) : await this.#join(source);
    this.#torrents.set(text, torrent);
    this.#announcer.keep(torrent, (relay) =>
      this.#report.note(`${relay} does not answer: ${torrent.name} moves on to the next relay`),
    );
    const announce = await this.#announcer.urls(torrent.infoHash);
    const webSeeds = this.#webSeeds(torrent);
    const magnet = magnetOf(torrent, announce, webSeeds);
    this.#report.seeding({
      name: torrent.name,
      infoHash: torrent.infoHash,
      bytes: torrent.length,
      magnet,
      watch: `${this.#options.site.replace(/\/$/, '')}/watch#${magnet}`,
      isHashed,
    });
    for (const url of webSeeds)
      for (const fault of await webSeedFaults(url)) this.#report.fault(`The web seed ${url} ${fault}`);
  }

  /** Ends everything, tells the trackers, and remembers what has arrived: only now is all of it on the disk. */
  async close(): Promise<void> {
    const arrived = [...this.#downloads].filter(([, { done }]) => done);
    await this.#client.close();
    for (const [key, { name, torrentFile }] of arrived)
      await this.#memory.keep(key, await listFiles(join(this.#options.downloads, name)), torrentFile);
  }

  async end(text: string): Promise<void> {
    const torrent = this.#torrents.get(text);
    if (torrent === undefined) return;
    this.#torrents.delete(text);
    await this.#client.end(torrent);
    this.#report.note(`No longer seeding ${torrent.name}`);
  }

  async #seedPath(path: string): Promise<{ torrent: Torrent; isHashed: boolean }> {
    const files = await listFiles(path);
    if (files.length === 0) throw new SourceError(`Cannot seed "${path}": there is no file in it`);
    const known = await this.#memory.recall(path, files);
    const made =
      known ??
      (await makeTorrent(path, {
        webSeeds: [],
        progress: (share) => this.#report.progress(`Hashing ${path}`, share),
      }));
    if (known === undefined) await this.#memory.keep(path, files, made);
    const torrent = await this.#client.add(made, {
      ...(await this.#addOptions(made)),
      folder: dirname(path),
      isVerified: true,
    });
    return { torrent, isHashed: known === undefined };
  }

  /** Takes part in a torrent of others, and seeds what has arrived. */
  async #join(source: Exclude<Source, { kind: 'path' }>): Promise<{ torrent: Torrent; isHashed: boolean }> {
    const { downloads } = this.#options;
    await mkdir(downloads, { recursive: true });
    const key = source.kind === 'remote' ? source.address : source.path;
    const before = await this.#memory.recall(`download ${key}`);
    const added = before ?? (source.kind === 'remote' ? source.address : await readFile(source.path));
    const torrent = await this.#client.add(added, {
      ...(await this.#addOptions(added)),
      folder: downloads,
      isVerified: before !== undefined,
    });
    if (!torrent.done && torrent.length + this.#downloadBytes > this.#options.diskMax) {
      await this.#client.end(torrent);
      throw new SourceError(
        `Cannot download "${torrent.name}" (${torrent.length} bytes): it and what is here already would be more than --disk allows (${this.#options.diskMax})`,
      );
    }
    this.#downloadBytes += torrent.length;
    this.#downloads.set(`download ${key}`, torrent);
    if (!torrent.done) {
      torrent.once('done', () => this.#report.note(`All of ${torrent.name} has arrived`));
      for (const url of this.#webSeeds(torrent)) torrent.addWebSeed(url);
    }
    return { torrent, isHashed: before === undefined };
  }

  /** Trackers only where the info hash is known; a magnet or .torrent has its own beside them. */
  async #addOptions(
    source: string | Uint8Array,
  ): Promise<{ announce: readonly string[]; cacheBytes: number }> {
    const infoHash = typeof source === 'string' ? /btih:([0-9a-z]+)/i.exec(source)?.[1] : infoHashOf(source);
    const announce = infoHash === undefined ? [] : await this.#announcer.urls(infoHash);
    return { announce, cacheBytes: this.#options.memoryMax / Math.max(4, this.#torrents.size + 1) };
  }

  #webSeeds({ name, files }: Torrent): string[] {
    const isFile = files.length === 1 && files[0]!.path === name;
    return webSeedsFor(this.#options.webSeeds, { name, isFile });
  }
}
