// WebTorrent in Node: browsers over WebRTC, everybody else over TCP. The only importer of webtorrent.
import { leaveSilentPeer } from '@relay-swarm/client/silent-peers';
import WebTorrent, { type Torrent, type Wire } from 'webtorrent';
import { holdRequests } from './held-requests.ts';
import { endGatheringAtOnce } from './ice-complete.ts';

export type { Torrent } from 'webtorrent';

export interface ClientOptions {
  /** For TCP; 0: any that is free. */
  readonly port: number;
  /** Over all torrents. */
  readonly connectionsMax: number;
  /** Bytes per second; 0: as fast as it goes. */
  readonly uploadMax: number;
  readonly downloadMax: number;
  /** Bytes that peers have asked for and not taken yet, over all torrents. */
  readonly memoryMax: number;
  /** Asked again and again, since credentials expire. Undefined: nobody is asked and nobody answered, for checking what is on the disk. */
  readonly iceServers?: () => Promise<readonly unknown[]>;
}

export interface AddOptions {
  /** The folder in which the torrent's file or folder is, or comes to be. */
  readonly folder: string;
  readonly announce: readonly string[];
  /** Whether all of it is known to be there and right. */
  readonly isVerified: boolean;
}

/** The largest block that a peer may ask for: one must fit. */
const BLOCK_BYTES_MAX = 131_072;

/** Credentials of a relay live for an hour or more. */
const ICE_MS = 600_000;

/** Somebody no longer wants it. */
export class EndedError extends Error {
  override readonly name = 'EndedError';
}

export class SeedClient {
  readonly #client: WebTorrent;
  readonly #connectionsMax: number;
  readonly #unsentMax: number;
  readonly #rtcConfig: { iceServers: readonly unknown[] } = { iceServers: [] };
  readonly #iceTimer: ReturnType<typeof setInterval> | undefined;
  readonly #iceReady: Promise<void>;
  #silentPeers = 0;

  constructor(options: ClientOptions) {
    endGatheringAtOnce();
    this.#client = new WebTorrent({
      torrentPort: options.port,
      maxConns: options.connectionsMax,
      uploadLimit: options.uploadMax || -1,
      downloadLimit: options.downloadMax || -1,
      // Relays are found over their roster, and no router is asked to open a port that nobody meant to open.
      dht: false,
      lsd: false,
      natUpnp: false,
      natPmp: false,
      utp: false,
      tracker: options.iceServers === undefined ? false : { rtcConfig: this.#rtcConfig },
    });
    this.#client.on('error', () => undefined); // the torrent that failed says so itself
    this.#connectionsMax = options.connectionsMax;
    this.#unsentMax = Math.max(BLOCK_BYTES_MAX, options.memoryMax / options.connectionsMax);
    const renew = async (): Promise<void> => {
      this.#rtcConfig.iceServers = (await options.iceServers?.()) ?? [];
    };
    this.#iceReady = renew();
    this.#iceTimer = setInterval(() => void renew(), ICE_MS);
  }

  get torrents(): readonly Torrent[] {
    return this.#client.torrents;
  }
  /** How many peers were let go: leaveSilentPeer(). */
  get silentPeers(): number {
    return this.#silentPeers;
  }
  get port(): number {
    return this.#client.torrentPort;
  }

  /**
   * Resolves when it is ready: what is on the disk is known, and peers are looked for. For a magnet somebody has to have it first.
   * @param began called once it can be ended
   */
  async add(
    source: string | Uint8Array,
    options: AddOptions,
    began: (torrent: Torrent) => void = () => undefined,
  ): Promise<Torrent> {
    await this.#iceReady;
    return new Promise((resolve, reject) => {
      const torrent = this.#client.add(source, {
        path: options.folder,
        announce: options.announce,
        skipVerify: options.isVerified,
        storeCacheSlots: 0, // the system keeps in memory what is read again and again
      });
      torrent.on('wire', (wire: Wire) => this.#admit(torrent, wire));
      torrent.on('warning', () => undefined); // a tracker that does not answer is asked again
      torrent.once('ready', () => resolve(torrent));
      torrent.once('error', reject);
      torrent.once('close', () => reject(new EndedError('It was ended before anybody had it')));
      began(torrent);
    });
  }

  /** The library's own limit holds for each torrent alone. */
  #admit(torrent: Torrent, wire: Wire): void {
    const peers = this.#client.torrents.reduce((sum, { numPeers }) => sum + numPeers, 0);
    if (peers > this.#connectionsMax) {
      wire.destroy();
      return;
    }
    holdRequests(wire, { unsentMax: this.#unsentMax });
    leaveSilentPeer(wire, torrent, () => this.#silentPeers++);
  }

  end(torrent: Torrent): Promise<void> {
    return new Promise((resolve) => torrent.destroy({}, resolve));
  }

  /** Tells the trackers and closes everything. */
  close(): Promise<void> {
    clearInterval(this.#iceTimer);
    return new Promise((resolve) => this.#client.destroy(resolve));
  }
}
