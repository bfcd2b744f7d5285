// What discovery.ts uses of bittorrent-dht 11, which brings no types.
declare module 'bittorrent-dht' {
  import type { Socket } from 'node:dgram';
  import type { EventEmitter } from 'node:events';

  export interface DhtNode {
    readonly host: string;
    readonly port: number;
  }
  export interface DhtOptions {
    readonly bootstrap: readonly DhtNode[] | false;
    readonly nodeId?: Uint8Array;
    readonly socket?: Socket;
    readonly maxTables?: number;
    readonly maxValues?: number;
    readonly maxPeers?: number;
    readonly maxAge?: number;
  }
  export class Client extends EventEmitter {
    constructor(options: DhtOptions);
    lookup(infoHash: Uint8Array, done: (error: Error | null, answers?: number) => void): () => void;
    announce(
      infoHash: Uint8Array,
      port: number,
      done: (error?: Error | null, answers?: number) => void,
    ): void;
    addNode(node: DhtNode): void;
    toJSON(): { nodes: DhtNode[] };
    listen(port: number, listening: () => void): void;
    listen(port: number, address: string, listening: () => void): void;
    address(): { port: number };
    destroy(done: () => void): void;
  }
}
