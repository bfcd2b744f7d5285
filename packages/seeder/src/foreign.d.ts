// What we use of libraries that bring no types of their own.
declare module 'webtorrent' {
  import type { EventEmitter } from 'node:events';

  export interface TorrentFile {
    readonly path: string;
    readonly length: number;
    readonly progress: number;
  }
  export interface Wire {
    readonly type: 'webSeed' | (string & {});
    readonly destroyed: boolean;
    /** Of streamx: bytes that the connection has not taken yet. */
    readonly _readableState: { readonly buffered: number };
    emit(name: string, ...args: unknown[]): boolean;
    on(event: 'timeout', listener: () => void): void;
    setTimeout(ms: number, isUnref?: boolean): void;
    destroy(): void;
  }
  export interface Torrent extends EventEmitter {
    readonly infoHash: string;
    readonly name: string;
    readonly length: number;
    readonly files: readonly TorrentFile[];
    readonly torrentFile: Uint8Array;
    readonly progress: number;
    readonly done: boolean;
    readonly ready: boolean;
    readonly numPeers: number;
    readonly uploaded: number;
    readonly downloaded: number;
    readonly uploadSpeed: number;
    readonly downloadSpeed: number;
    readonly destroyed: boolean;
    readonly discovery?: { readonly tracker: { update(): void } | null } | null;
    addWebSeed(url: string): void;
    destroy(options?: { destroyStore?: boolean }, done?: () => void): void;
  }
  export default class WebTorrent extends EventEmitter {
    constructor(options: object);
    readonly torrents: readonly Torrent[];
    readonly torrentPort: number;
    add(source: string | Uint8Array, options: object): Torrent;
    destroy(done: () => void): void;
  }
}
declare module 'create-torrent' {
  export default function createTorrent(
    input: string,
    options: {
      name?: string;
      announceList?: readonly (readonly string[])[];
      urlList?: readonly string[];
      comment?: string;
      createdBy?: string;
      onProgress?: (hashed: number, total: number) => void;
    },
    done: (error: Error | null, torrent: Uint8Array) => void,
  ): void;
}
declare module 'webrtc-polyfill' {
  export class RTCPeerConnection extends EventTarget {
    onicecandidate?: ((event: Event & { readonly candidate: null }) => void) | null;
    readonly iceGatheringState: 'new' | 'gathering' | 'complete';
  }
}
