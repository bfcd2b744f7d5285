// Seeds what it is given until it is told to stop.
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Announcer } from './announce.ts';
import { EndedError, type SeedClient, type Torrent } from './client.ts';
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
  readonly torrentsMax: number;
}

interface Found {
  readonly torrent: Torrent;
  /** Whether it was hashed now. */
  readonly isHashed: boolean;
}

/** Runs one piece of work after the other, whatever becomes of them. */
function turns(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const result = last.then(work);
    last = result.catch(() => undefined);
    return result;
  };
}

export class Seeder {
  readonly #client: SeedClient;
  readonly #memory: HashMemory;
  readonly #report: Report;
  readonly #announcer: Announcer;
  readonly #options: SeederOptions;
  /** By what they were called; without a torrent while it is hashed. */
  readonly #wanted = new Map<string, { torrent?: Torrent }>();
  readonly #downloads = new Map<string, Torrent>();
  /** One file after the other: hashing two at once is no faster. */
  readonly #hashInTurn = turns();
  readonly #admitInTurn = turns();

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
    return this.#wanted.size;
  }

  /** Resolves once it is seeded. A magnet that nobody has is waited for. @throws SourceError, or what the disk or the torrent say */
  async seed(text: string): Promise<void> {
    if (this.#wanted.has(text)) return;
    if (this.#wanted.size >= this.#options.torrentsMax)
      throw new SourceError(
        `Cannot seed "${text}": the most is ${this.#options.torrentsMax} torrents (--torrents)`,
      );
    const wanted: { torrent?: Torrent } = {};
    this.#wanted.set(text, wanted);
    const began = (torrent: Torrent): void => {
      wanted.torrent = torrent;
      if (this.#wanted.get(text) !== wanted) void this.#client.end(torrent); // it was ended meanwhile
    };
    try {
      const source = await readSource(text);
      const found =
        source.kind === 'path'
          ? await this.#hashInTurn(() => this.#seedPath(source.path, began))
          : await this.#join(source, began);
      await this.#tell(found);
    } catch (error) {
      if (this.#wanted.get(text) === wanted) this.#wanted.delete(text);
      if (!(error instanceof EndedError)) throw error;
    }
  }

  async #tell({ torrent, isHashed }: Found): Promise<void> {
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

  /** What has arrived stays on the disk. */
  async end(text: string): Promise<void> {
    const wanted = this.#wanted.get(text);
    if (wanted === undefined) return;
    this.#wanted.delete(text);
    const { torrent } = wanted;
    if (torrent === undefined) return;
    for (const [key, one] of this.#downloads) if (one === torrent) this.#downloads.delete(key);
    await this.#client.end(torrent);
    this.#report.note(`No longer seeding ${torrent.name}`);
  }

  async #seedPath(path: string, began: (torrent: Torrent) => void): Promise<Found> {
    const files = await listFiles(path);
    if (files.length === 0) throw new SourceError(`Cannot seed "${path}": there is no file in it`);
    if (files.every(({ bytes }) => bytes === 0)) throw new SourceError(`Cannot seed "${path}": it is empty`);
    const known = await this.#memory.recall(path, files);
    const made =
      known ??
      (await makeTorrent(path, {
        webSeeds: [],
        progress: (share) => this.#report.progress(`Hashing ${path}`, share),
      }));
    if (known === undefined) await this.#memory.keep(path, files, made);
    const announce = await this.#announceUrls(made);
    const torrent = await this.#client.add(
      made,
      { announce, folder: dirname(path), isVerified: true },
      began,
    );
    return { torrent, isHashed: known === undefined };
  }

  /** Takes part in a torrent of others, and seeds what has arrived. */
  async #join(source: Exclude<Source, { kind: 'path' }>, began: (torrent: Torrent) => void): Promise<Found> {
    const { downloads: folder } = this.#options;
    await mkdir(folder, { recursive: true });
    const key = source.kind === 'remote' ? source.address : source.path;
    const before = await this.#memory.recall(`download ${key}`);
    const added = before ?? (source.kind === 'remote' ? source.address : await readFile(source.path));
    const announce = await this.#announceUrls(added);
    const torrent = await this.#client.add(
      added,
      { announce, folder, isVerified: before !== undefined },
      began,
    );
    await this.#admitInTurn(() => this.#admit(torrent));
    this.#downloads.set(`download ${key}`, torrent);
    if (!torrent.done) {
      torrent.once('done', () => this.#report.note(`All of ${torrent.name} has arrived`));
      for (const url of this.#webSeeds(torrent)) torrent.addWebSeed(url);
    }
    return { torrent, isHashed: before === undefined };
  }

  /** @throws SourceError where it would take more of the disk than there is for downloads; it is ended then */
  async #admit(torrent: Torrent): Promise<void> {
    const { downloads: folder, diskMax } = this.#options;
    if (torrent.done) return;
    const active = new Map([...this.#downloads.values()].map(({ name, length }) => [name, length]));
    let used = [...active.values()].reduce((sum, bytes) => sum + bytes, 0);
    for (const name of await readdir(folder))
      if (!active.has(name) && name !== torrent.name)
        for (const { bytes } of await listFiles(join(folder, name))) used += bytes;
    if (torrent.length + used <= diskMax) return;
    await this.#client.end(torrent);
    throw new SourceError(
      `Cannot download "${torrent.name}" (${torrent.length} bytes): with the ${used} bytes that are here already it would be more than --disk allows (${diskMax})`,
    );
  }

  /** Trackers only where the info hash is known; a magnet or .torrent has its own beside them. */
  async #announceUrls(source: string | Uint8Array): Promise<readonly string[]> {
    const infoHash = typeof source === 'string' ? /btih:([0-9a-z]+)/i.exec(source)?.[1] : infoHashOf(source);
    return infoHash === undefined ? [] : this.#announcer.urls(infoHash);
  }

  #webSeeds({ name, files }: Torrent): string[] {
    const isFile = files.length === 1 && files[0]!.path === name;
    return webSeedsFor(this.#options.webSeeds, { name, isFile });
  }
}
