// What this page shares: made, kept, taken up again after a reload, and ended.
import { bareMagnet, writeMagnet } from '../links/magnet.ts';
import type { Relays } from '../relays.ts';
import { joinTorrent, type SharedTorrent } from '../torrent/shared-torrent.ts';
import { FileStore } from './file-store.ts';
import { forget, keep, keptSeeds, type Kept } from './kept.ts';
import { makeTorrent } from './make-torrent.ts';

export interface Seed {
  readonly infoHash: string;
  readonly name: string;
  readonly bytes: number;
  readonly magnet: string;
  readonly torrentFile: Uint8Array;
  /** Whether it goes on after a reload. */
  readonly isKept: boolean;
  readonly shared: SharedTorrent;
}

export interface ShareOptions {
  /** Trackers to use instead of those that the relays choose; empty: these. */
  readonly trackers: readonly string[];
  readonly webSeeds: readonly string[];
  readonly isKept: boolean;
}

export class Seeds {
  readonly #relays: Relays;
  readonly #all = new Map<string, Seed>();

  constructor(relays: Relays) {
    this.#relays = relays;
  }

  get all(): readonly Seed[] {
    return [...this.#all.values()];
  }

  async share(
    files: readonly File[],
    options: ShareOptions,
    progress: (share: number) => void,
  ): Promise<Seed> {
    const made = await makeTorrent(files, progress);
    const known = this.#all.get(made.infoHash);
    if (known !== undefined) return known;
    const usesRelays = options.trackers.length === 0;
    const trackers = usesRelays ? await this.#relays.announceUrls(made.infoHash) : options.trackers;
    const kept = { ...made, files, trackers, usesRelays, webSeeds: options.webSeeds };
    return this.#start(kept, options.isKept && (await keep(kept)));
  }

  /** Takes up what was shared before the page was closed or reloaded. */
  async resume(): Promise<void> {
    for (const kept of await keptSeeds()) await this.#start(kept, true).catch(() => undefined); // its files are gone
  }

  async end(seed: Seed): Promise<void> {
    this.#all.delete(seed.infoHash);
    seed.shared.leave();
    await forget(seed.infoHash);
  }

  async #start(kept: Kept, isKept: boolean): Promise<Seed> {
    const { infoHash, name, pieceBytes, torrentFile, files, trackers, webSeeds, usesRelays } = kept;
    const magnet = { ...bareMagnet(infoHash), name, trackers, webSeeds };
    const shared = await joinTorrent(
      {
        magnet,
        torrentFile,
        trackers,
        usesRelays,
        p2p: 'auto',
        uploadMax: undefined,
        preloaded: new FileStore(pieceBytes, files),
      },
      this.#relays,
    );
    const bytes = files.reduce((sum, { size }) => sum + size, 0);
    const seed = { infoHash, name, bytes, magnet: writeMagnet(magnet), torrentFile, isKept, shared };
    this.#all.set(infoHash, seed);
    return seed;
  }
}
