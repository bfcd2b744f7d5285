// The part of node-turn 0.0.6 that we touch, read from its source; it has no types of its own.
declare module 'node-turn' {
  import type { RemoteInfo, Socket } from 'node:dgram';
  import type { EventEmitter } from 'node:events';

  export interface NodeTurnOptions {
    listeningIps: readonly string[];
    listeningPort: number;
    relayIps: readonly string[];
    externalIps: string;
    minPort: number;
    maxPort: number;
    authMech: 'none';
    realm: string;
    credentials: Record<string, string>;
    maxAllocateLifetime: number;
    /** Spelled so. */
    defaultAllocatetLifetime: number;
    debugLevel: 'FATAL';
    log: (message: unknown) => void;
  }

  export interface NodeTurnReply {
    useFingerprint: boolean;
    toBuffer(): Buffer;
    reject(code: number, reason: string): void;
  }

  export interface NodeTurnAllocation {
    /** "UDP://client:port>host:port" of the client and the listener. */
    readonly fiveTuple: string;
    readonly sockets: readonly Socket[];
    readonly timer: NodeJS.Timeout;
    /** Address → until when, in milliseconds. */
    readonly permissions: Record<string, number>;
    readonly channelBindings: Record<string, { readonly address: string; readonly port: number } | undefined>;
  }

  export type OnMessage = (data: Buffer, from: RemoteInfo) => void;

  export default class NodeTurnServer extends EventEmitter {
    constructor(options: NodeTurnOptions);
    readonly network: { readonly sockets: readonly Socket[]; listeningPort: number };
    /** By 5-tuple. */
    allocations: Record<string, NodeTurnAllocation | undefined>;
    /** Read by Refresh, set by nobody. */
    defaultLifetime: number;
    maxAllocateTimeout: number;
    start(): void;
    stop(): void;
  }
}
