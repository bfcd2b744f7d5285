// The relays for torrents, for whoever plays or seeds: where one is announced and kept while relays come and go, and ICE servers. Never rejects:
// what is not known is left out, and asked for again.
import { ICE_SERVERS_CHARS_MAX, ICE_SERVERS_PATH } from '@relay-swarm/protocol/ice-servers';
import { readAnswer, httpBase } from './relay-source.ts';
import { readIceServers } from './ice-servers.ts';
import { keepTorrent, type WebTorrentTorrent } from './keep-tracker.ts';
import type { RelayChange } from './relay-choice.ts';
import { Roster, type RosterOptions } from './roster.ts';

export interface TorrentRelaysOptions extends RosterOptions {
  /** Further announce URLs of the relay with this WebSocket URL, for clients that speak something else. */
  readonly alsoAt?: (url: string) => readonly string[];
}

const RETRY_MS = 5_000;

/**
 * The relays that these know. Viewers of one torrent meet because all of them rank the relays alike. A relay that does not list itself has no
 * public address, and is used under the one given here.
 */
export class TorrentRelays {
  readonly #bases: readonly string[];
  readonly #options: TorrentRelaysOptions;
  #roster: Promise<Roster> | undefined;

  /** @param sources any URLs of relays; what is none is left out */
  constructor(sources: readonly string[], options: TorrentRelaysOptions = {}) {
    this.#bases = [...new Set(sources.filter((source) => URL.canParse(source)).map(httpBase))];
    this.#options = options;
  }

  /** Where to announce this torrent now: its relays in the order of the ranking, and then their further URLs. */
  async announceUrls(infoHash: string): Promise<string[]> {
    const roster = await this.#loaded();
    const urls = [...new Set([...(roster?.announceUrls(infoHash) ?? []), ...this.#unlisted(roster)])];
    return [...urls, ...urls.flatMap((url) => this.#options.alsoAt?.(url) ?? [])];
  }

  /** Empty where no relay offers any. */
  async iceServers(): Promise<RTCIceServer[]> {
    const roster = await this.#loaded();
    const offered = (await roster?.iceServers().catch(() => undefined)) ?? [];
    const [base] = this.#bases;
    if (offered.length > 0 || base === undefined) return offered;
    // A relay that has no public address lists nobody's, and has its own all the same.
    const url = base + ICE_SERVERS_PATH;
    const fetch = this.#options.fetch ?? ((...request) => globalThis.fetch(...request));
    const own = await readAnswer(fetch, url, ICE_SERVERS_CHARS_MAX, readIceServers).catch(() => undefined);
    return own?.iceServers ?? [];
  }

  /** Keeps the torrent announced at the relays of its info hash until it ends; `failedOver` is called for each relay that fails in use. */
  async keep(
    torrent: WebTorrentTorrent,
    failedOver: (change: RelayChange) => void = () => undefined,
  ): Promise<void> {
    while (!torrent.destroyed && this.#options.signal?.aborted !== true) {
      const roster = await this.#loaded();
      if (roster !== undefined) {
        const { alsoAt } = this.#options;
        const options = alsoAt === undefined ? {} : { alsoAt };
        const choice = await keepTorrent(torrent, roster, options).catch(() => undefined); // closed meanwhile
        choice?.on('relaychange', (change) => {
          if (isFailure(change)) failedOver(change);
        });
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }

  close(): void {
    void this.#roster?.then(
      (roster) => roster.close(),
      () => undefined, // never loaded
    );
  }

  /** Undefined where nobody answered; whoever asks next tries again. */
  async #loaded(): Promise<Roster | undefined> {
    this.#roster ??= Roster.load(this.#bases, this.#options);
    try {
      return await this.#roster;
    } catch {
      this.#roster = undefined;
      return undefined;
    }
  }

  /** One relay under two addresses would take a viewer for two, and refuse the second. */
  #unlisted(roster: Roster | undefined): string[] {
    const isUnlisted = (base: string): boolean => {
      const id = roster?.idAt(base);
      return roster === undefined || (id !== undefined && !roster.relays.some((relay) => relay.id === id));
    };
    return this.#bases.filter(isUnlisted).map((base) => base.replace(/^http/, 'ws'));
  }
}

/** A relay that was seen to fail, and not one that gave way to a better one. */
const isFailure = ({ reason, removed }: RelayChange): boolean =>
  removed.length > 0 && reason !== 'back' && reason !== 'roster';
