// What we use of webtorrent 2.8.5 in browsers, which brings no types of its own.
declare module 'webtorrent/dist/webtorrent.min.js' {
  export interface Wire {
    readonly type: 'webrtc' | 'webSeed' | (string & {});
    on(event: 'download' | 'upload', listener: (bytes: number) => void): void;
    on(event: 'timeout', listener: () => void): void;
    setTimeout(ms: number, isUnref?: boolean): void;
    unchoke(): void;
  }
  export interface TorrentFile {
    readonly name: string;
    readonly path: string;
    readonly length: number;
    readonly type: string;
    readonly progress: number;
    readonly done: boolean;
    select(priority?: number): void;
    blob(): Promise<Blob>;
    [Symbol.asyncIterator](range?: { start: number; end: number }): AsyncIterator<Uint8Array>;
  }
  export interface TrackerConnection {
    readonly announceUrl: string;
    readonly socket?: { readonly connected?: boolean } | null;
  }
  export interface Torrent {
    readonly infoHash: string;
    readonly name: string;
    readonly magnetURI: string;
    readonly torrentFile: Uint8Array;
    readonly files: readonly TorrentFile[];
    readonly announce: readonly string[];
    readonly urlList: string[];
    readonly numPeers: number;
    readonly progress: number;
    readonly length: number;
    readonly downloaded: number;
    readonly uploaded: number;
    readonly downloadSpeed: number;
    readonly uploadSpeed: number;
    readonly metadata?: unknown;
    readonly ready: boolean;
    readonly done: boolean;
    readonly destroyed: boolean;
    readonly discovery?: {
      readonly tracker: { readonly _trackers?: readonly TrackerConnection[]; update?(): void } | null;
    };
    addWebSeed(url: string): void;
    destroy(options?: { destroyStore?: boolean }, done?: () => void): void;
    on(event: 'wire', listener: (wire: Wire) => void): void;
    on(event: 'error' | 'warning', listener: (error: Error | string) => void): void;
    on(event: 'ready' | 'done' | 'metadata' | 'close', listener: () => void): void;
    on(event: 'noPeers', listener: (kind: string) => void): void;
    on(event: 'upload' | 'download', listener: (bytes: number) => void): void;
    removeListener(event: 'error', listener: (error: Error | string) => void): void;
    removeListener(event: 'close' | 'ready', listener: () => void): void;
    once(event: 'infoHash' | 'metadata' | 'ready' | 'close' | 'noPeers', listener: () => void): void;
  }
  export interface AddOptions {
    announce?: readonly string[];
    urlList?: readonly string[];
    store?: unknown;
    storeCacheSlots?: number;
    storeOpts?: object;
    deselect?: boolean;
    uploads?: number;
    skipVerify?: boolean;
    preloadedStore?: unknown;
  }
  export interface SeedOptions extends AddOptions {
    name: string;
    pieceLength: number;
    filterJunkFiles: boolean;
    onProgress?: (bytesHashed: number) => void;
  }
  export default class WebTorrent {
    static readonly WEBRTC_SUPPORT: boolean;
    constructor(options: { tracker: { rtcConfig: RTCConfiguration } | false; dht: false; lsd: false });
    readonly torrents: readonly Torrent[];
    add(source: string | Uint8Array, options: AddOptions): Torrent;
    seed(files: readonly File[], options: SeedOptions, done: () => void): Torrent;
    throttleUpload(bytesPerSecond: number): void;
    on(event: 'error', listener: (error: Error) => void): void;
  }
}
