// Where a torrent is announced: trackers that were named, or the relays of its info hash, which viewers with the same roster use too. Relays
// are asked over WebSocket for browsers, and over HTTP for clients that speak TCP only. The only importer of ws: Node before 22 has no WebSocket
// of its own.
import { TorrentRelays, type TextStore, type WebTorrentTorrent } from '@relay-swarm/client';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { WebSocket } from 'ws';

export interface AnnounceOptions {
  /** Trackers by URL. They replace the choice. */
  readonly trackers: readonly string[];
  /** Where relays answer, for example https://tracker.example.org. */
  readonly roster: readonly string[];
  /** A folder in which the roster is remembered, so that a start finds the others while these are down. */
  readonly state?: string;
}

export class Announcer {
  readonly #trackers: readonly string[];
  readonly #relays: TorrentRelays;

  constructor({ trackers, roster, state }: AnnounceOptions) {
    (globalThis as { WebSocket?: unknown }).WebSocket ??= WebSocket;
    this.#trackers = trackers;
    this.#relays = new TorrentRelays(roster, {
      store: state === undefined ? null : fileStore(state),
      alsoAt: (url) => [`${url.replace(/^ws/, 'http').replace(/\/$/, '')}/announce`],
    });
  }

  /** For browsers first, and behind them the same relays for everybody else. */
  urls(infoHash: string): Promise<readonly string[]> {
    return this.#trackers.length > 0 ? Promise.resolve(this.#trackers) : this.#relays.announceUrls(infoHash);
  }

  /** From now on the torrent moves to the next relay where one fails. */
  keep(torrent: WebTorrentTorrent, failedOver: (relay: string) => void): void {
    if (this.#trackers.length > 0) return;
    void this.#relays.keep(torrent, ({ removed }) => failedOver(removed.map(({ url }) => url).join(', ')));
  }

  iceServers(): Promise<readonly unknown[]> {
    return this.#relays.iceServers();
  }

  close(): void {
    this.#relays.close();
  }
}

/** One small file, which is always whole. */
function fileStore(folder: string): TextStore {
  const file = join(folder, 'roster.json');
  return {
    getItem: () => {
      try {
        return readFileSync(file, 'utf8');
      } catch {
        return null; // the first start
      }
    },
    setItem: ({}, text) => {
      mkdirSync(folder, { recursive: true });
      writeFileSync(`${file}.tmp`, text);
      renameSync(`${file}.tmp`, file);
    },
  };
}
