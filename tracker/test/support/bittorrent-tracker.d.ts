// What the tests use of bittorrent-tracker, which brings no types of its own.
declare module 'bittorrent-tracker' {
  import type { EventEmitter } from 'node:events';
  import type { Agent } from 'node:https';

  export interface ScrapeResult {
    readonly infoHash: string;
    readonly complete: number;
    readonly incomplete: number;
    readonly downloaded: number;
  }
  export interface Update {
    readonly complete: number;
    readonly incomplete: number;
    readonly interval: number;
    readonly [extra: string]: unknown;
  }
  interface AnnounceOptions {
    readonly left?: number | null;
    readonly numwant?: number;
    readonly uploaded?: number;
    readonly downloaded?: number;
  }
  interface Options {
    readonly infoHash: string | string[];
    readonly peerId?: string;
    readonly announce: string | string[];
    readonly port?: number;
    readonly getAnnounceOpts?: () => object;
    readonly rtcConfig?: object;
    readonly proxyOpts?: { readonly httpsAgent: Agent };
  }

  export class Client extends EventEmitter {
    constructor(options: Options);
    static scrape(
      options: Options,
      done: (error: Error | null, result: ScrapeResult & Record<string, ScrapeResult>) => void,
    ): Client;
    start(options?: AnnounceOptions): void;
    update(options?: AnnounceOptions): void;
    complete(options?: AnnounceOptions): void;
    stop(options?: AnnounceOptions): void;
    scrape(options?: { infoHash?: string | string[] }): void;
    destroy(done?: () => void): void;
    readonly destroyed: boolean;
    readonly _trackers: {
      readonly socket: EventEmitter | null;
      reconnecting: boolean;
      reconnectTimer: NodeJS.Timeout;
      _openSocket(): void;
    }[];
  }
}
