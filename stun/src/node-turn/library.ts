// The only importer of node-turn: states every option, and repairs what its own methods read under names that nothing sets.
import NodeTurnServer, { type NodeTurnAllocation, type NodeTurnReply } from 'node-turn';
import type { Socket } from 'node:dgram';
import type { Endpoint, RelayHost, TurnLifetimes } from '../engine.ts';

export type {
  NodeTurnAllocation as LibraryAllocation,
  NodeTurnReply as LibraryReply,
  OnMessage,
} from 'node-turn';

export interface LibraryOptions {
  readonly udp: readonly Endpoint[];
  readonly relay: RelayHost;
  readonly relayPortMin: number;
  readonly relayPortMax: number;
  readonly realm: string;
  readonly lifetimes: TurnLifetimes;
  readonly log: (message: string) => void;
}

export interface LibraryHooks {
  /** Before node-turn handles a request; false keeps it from doing so. */
  readonly onRequest: (reply: NodeTurnReply) => boolean;
  readonly onAllocation: (allocation: NodeTurnAllocation) => void;
  readonly onAllocationEnd: (allocation: NodeTurnAllocation) => void;
}

export interface Library {
  /** Opens the sockets, one for each endpoint and in their order; they may not be bound yet. */
  start(): readonly Socket[];
  stop(): void;
}

const METHODS = ['binding', 'allocate', 'refresh', 'create_permission', 'channel_bind'];

export function createLibrary(options: LibraryOptions, hooks: LibraryHooks): Library {
  const { udp, relay, lifetimes } = options;
  const port = udp[0]!.port;
  const server = new NodeTurnServer({
    listeningIps: udp.map(({ host }) => host),
    listeningPort: port,
    relayIps: [relay.bind],
    externalIps: relay.announced,
    minPort: options.relayPortMin,
    maxPort: options.relayPortMax,
    // Our guard has authenticated every request. node-turn looks users up on a plain object, where "constructor" has a password.
    authMech: 'none',
    realm: options.realm,
    credentials: {},
    maxAllocateLifetime: lifetimes.allocationSecondsMax,
    defaultAllocatetLifetime: lifetimes.allocationSecondsDefault,
    debugLevel: 'FATAL',
    log: (message) => options.log(String(message)),
  });
  server.network.listeningPort = port; // 0 was taken for "not set"
  // Without these two, each Refresh ends the allocation.
  server.defaultLifetime = lifetimes.allocationSecondsDefault;
  server.maxAllocateTimeout = lifetimes.allocationSecondsMax;

  for (const method of METHODS) {
    const handlers = server.listeners(method);
    server.removeAllListeners(method);
    server.on(method, (message: unknown, reply: NodeTurnReply) => {
      if (hooks.onRequest(reply))
        handlers.forEach((handler) => void Reflect.apply(handler, server, [message, reply]));
    });
  }
  // It puts allocations on a plain object and deletes them there, which is all that says when one begins and ends.
  server.allocations = new Proxy(Object.create(null) as typeof server.allocations, {
    set: (target, key, allocation: NodeTurnAllocation) => {
      Reflect.set(target, key, allocation);
      hooks.onAllocation(allocation);
      return true;
    },
    deleteProperty: (target, key) => {
      const allocation = target[key as string];
      if (allocation !== undefined) hooks.onAllocationEnd(allocation);
      return Reflect.deleteProperty(target, key);
    },
  });
  return {
    start: () => {
      server.start();
      return server.network.sockets;
    },
    stop: () => {
      Object.keys(server.allocations).forEach((key) => Reflect.deleteProperty(server.allocations, key));
      server.stop();
    },
  };
}
