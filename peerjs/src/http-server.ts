// The HTTP server: one dispatcher for upgrades, connection limits before anything is upgraded, and an orderly end.
import { closeServer, listen, type Log, type Part, type RequestHandler } from '@relay-swarm/kit';
import {
  createAddressReader,
  createOriginCheck,
  HttpDoor,
  isTurnOver,
  limitKey,
  type RefusalDetails,
  rejectUpgrade,
  type RequestHead,
  sendRefusal,
  serveHandshakes,
} from '@relay-swarm/net';
import type { SocketMemory } from '@relay-swarm/net/socket-memory';
import type { HttpRefusalCode } from '@relay-swarm/protocol/refusals';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Caller, Callers } from './callers.ts';
import type { ClientSocket } from './client-socket.ts';
import type { Counters } from './counters.ts';
import { PIECE_COST, type PeerjsSettings } from './settings.ts';
import type { Clock } from './clock.ts';

/** What speaks WebSocket under one path of this server. */
export interface UpgradeRoute {
  /** Exactly as requests name it, without a query. */
  readonly path: string;
  /** Takes the stream over, which may be paused; false where that opened no connection. One that it opened counts until the route lets it leave. */
  upgrade(request: RequestHead, stream: Duplex, head: Buffer, caller: Caller): boolean;
  /** Once a second. */
  sweep(): void;
  /** Closes every connection, within some seconds. */
  stop(): Promise<void>;
}

export interface ServerOptions {
  readonly settings: PeerjsSettings;
  readonly callers: Callers;
  readonly memory: SocketMemory<ClientSocket>;
  readonly counters: Counters;
  readonly log: Log;
  readonly clock: Clock;
  readonly routes: readonly UpgradeRoute[];
  /** Sees every request first, without limits: for the operator's health checks and metrics. */
  readonly operations: RequestHandler;
  readonly answer: (request: IncomingMessage, response: ServerResponse) => void;
}

export interface SignalingServer extends Part {
  readonly door: HttpDoor;
  readonly http: Server;
  readonly isDraining: boolean;
}

const SWEEP_MS = 1_000;
/** How long a request, or its head, may be under way. */
const HEAD_MS_MAX = 5_000;
const HEAD_BYTES_MAX = 16_384;
/** Sockets that have sent no whole request yet may be this many more than connections. */
const WAITING_MAX = 1_024;
/** The same of one address, beside its connections. */
const WAITING_PER_ADDRESS_MAX = 200;
/** What a plain request costs its address, in messages, and so many of its bytes. */
const REQUEST_COST = 2;
const BYTES_PER_MESSAGE = 4_096;

export function createSignalingServer(options: ServerOptions): SignalingServer {
  const { settings, callers, counters, clock, routes } = options;
  const readAddress = createAddressReader(settings.trustedProxies);
  const isOriginAllowed = createOriginCheck(settings.origins);
  const byPath = new Map(routes.map((route) => [route.path, route]));
  let isDraining = false;
  let sweeper: NodeJS.Timeout | undefined;

  const keyOf = (request: RequestHead): string => limitKey(readAddress(request));

  const deny = (code: HttpRefusalCode): Pick<RefusalDetails, 'random'> => {
    counters.refusedRequests.add(code);
    return { random: clock.random() }; // not everybody back at the same moment
  };

  const door = new HttpDoor({
    addresses: callers.messages,
    pieceCost: PIECE_COST,
    bytesPerMessage: BYTES_PER_MESSAGE,
    requestCost: REQUEST_COST,
    connectionsPerAddressMax: settings.connectionsPerAddressMax + WAITING_PER_ADDRESS_MAX,
    trustedProxies: settings.trustedProxies,
    monotonicMs: clock.monotonicMs,
    isTurnOver,
  });
  const http = createServer(
    {
      requestTimeout: 10_000,
      headersTimeout: HEAD_MS_MAX,
      keepAliveTimeout: 5_000,
      connectionsCheckingInterval: 2_000,
      maxHeaderSize: HEAD_BYTES_MAX,
    },
    (request, response) => {
      if (options.operations(request, response)) return;
      const refuse = (code: HttpRefusalCode): void =>
        sendRefusal(response, code, { ...deny(code), headers: { 'access-control-allow-origin': '*' } });
      if (!['GET', 'HEAD', 'OPTIONS'].includes(request.method ?? '')) refuse('method');
      else if (isDraining) refuse('draining');
      else if (!door.admits(keyOf(request))) refuse('address_rate');
      else if (callers.ask(keyOf(request), clock.monotonicMs()) > 0) refuse('address_rate');
      else options.answer(request, response);
    },
  );
  http.maxConnections = settings.connectionsMax + WAITING_MAX;

  const upgrade = (request: RequestHead, stream: Duplex, head: Buffer): void => {
    const refuse = (code: HttpRefusalCode): void => rejectUpgrade(stream, code, deny(code));
    const route = byPath.get(request.url?.split('?', 1)[0] ?? '');
    if (!route) {
      refuse('not_found');
      return;
    }
    if (isDraining) {
      refuse('draining');
      return;
    }
    if (!isOriginAllowed(request.headers.origin)) {
      refuse('origin');
      return;
    }
    const [key, nowMs] = [keyOf(request), clock.monotonicMs()];
    if (callers.ask(key, nowMs) > 0) {
      refuse('address_rate');
      return;
    }
    const caller = options.memory.budget.isTight ? 'memory_full' : callers.enter(key, nowMs);
    if (typeof caller === 'string') refuse(caller);
    else if (!route.upgrade(request, stream, head, caller)) callers.leave(caller);
  };
  const look = serveHandshakes(http, {
    door,
    keyOf,
    upgrade,
    headBytesMax: HEAD_BYTES_MAX,
    headMsMax: HEAD_MS_MAX,
  });

  return {
    name: 'signaling',
    http,
    door,
    get isDraining() {
      return isDraining;
    },
    start: async () => {
      await listen(http, 'signaling', {
        host: settings.host,
        port: settings.port,
        settingName: 'PEERJS_PORT',
      });
      sweeper = setInterval(() => {
        for (const route of routes) route.sweep();
        options.memory.tick(clock.monotonicMs());
        callers.tick(clock.monotonicMs());
      }, SWEEP_MS);
    },
    stop: async () => {
      isDraining = true; // still listening: new clients are told to come back later
      clearInterval(sweeper);
      await Promise.all(routes.map((route) => route.stop()));
      look.close();
      await closeServer(http);
    },
  };
}
