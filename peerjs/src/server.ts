// The HTTP server: one dispatcher for upgrades, connection limits before anything is upgraded, and an orderly end.
import { closeServer, listen, sendJson, type Log, type Part, type RequestHandler } from '@relay-swarm/kit';
import {
  createAddressReader,
  createOriginCheck,
  limitKey,
  onWebSocketUpgrade,
  refuseUpgrade,
} from '@relay-swarm/net';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { Admission, type Caller, type Refusal } from './admission.ts';
import type { Counters } from './counters.ts';
import type { PeerjsSettings } from './settings.ts';
import type { World } from './world.ts';

/** What speaks WebSocket under one path of this server. */
export interface UpgradeRoute {
  /** Exactly as requests name it, without a query. */
  readonly path: string;
  /** Takes the stream over; false where that opened no connection. One that it opened counts until the route lets it leave. */
  upgrade(request: IncomingMessage, stream: Duplex, head: Buffer, caller: Caller): boolean;
  /** Every two seconds. */
  sweep(): void;
  /** Closes every connection, within some seconds. */
  stop(): Promise<void>;
}

export interface ServerOptions {
  readonly settings: PeerjsSettings;
  readonly admission: Admission;
  readonly counters: Counters;
  readonly log: Log;
  readonly world: World;
  readonly routes: readonly UpgradeRoute[];
  /** Looks at every request first, without limits: for whoever runs the machine. */
  readonly operations: RequestHandler;
  readonly answer: (request: IncomingMessage, response: ServerResponse) => void;
}

export interface SignalingServer extends Part {
  readonly http: Server;
  readonly isDraining: boolean;
}

/** What a refused caller is told, and after how many seconds it may come back. */
interface Denial {
  readonly status: 403 | 404 | 405 | 429 | 503;
  readonly error: string;
  readonly retrySeconds?: number;
}

const FULL: Readonly<Record<Refusal, Denial>> = {
  full: { status: 503, error: 'This relay is full', retrySeconds: 15 },
  'address-full': { status: 429, error: 'Too many connections from your address', retrySeconds: 60 },
  'address-rate': { status: 429, error: 'Too many requests from your address', retrySeconds: 10 },
};
const DENIED = {
  draining: { status: 503, error: 'This relay restarts', retrySeconds: 5 },
  origin: { status: 403, error: 'Pages of this origin may not connect here' },
  'not-found': { status: 404, error: 'Not found' },
  method: { status: 405, error: 'Only GET, HEAD and OPTIONS are answered here' },
} as const satisfies Record<string, Denial>;
type Reason = Refusal | keyof typeof DENIED;
const denials: Readonly<Record<Reason, Denial>> = { ...FULL, ...DENIED };

const SWEEP_MS = 2_000;
/** Sockets that have sent no whole request yet may be this many more than connections. */
const WAITING_MAX = 1_024;

export function createSignalingServer(options: ServerOptions): SignalingServer {
  const { settings, admission, counters, world, routes } = options;
  const readAddress = createAddressReader(settings.trustedProxies);
  const isOriginAllowed = createOriginCheck(settings.origins);
  const byPath = new Map(routes.map((route) => [route.path, route]));
  let isDraining = false;
  let sweeper: NodeJS.Timeout | undefined;

  const ask = (request: IncomingMessage): Caller | undefined =>
    admission.ask(limitKey(readAddress(request)), world.nowMs());

  const deny = (reason: Reason): Denial & { headers: Record<string, string> } => {
    counters.refusedRequests.add(reason);
    const denial = denials[reason];
    const { retrySeconds } = denial;
    // Not everybody at the same moment.
    const headers: Record<string, string> =
      retrySeconds === undefined
        ? {}
        : { 'retry-after': String(Math.ceil(retrySeconds * (1 + world.random()))) };
    return { ...denial, headers };
  };

  const http = createServer(
    {
      requestTimeout: 10_000,
      headersTimeout: 5_000,
      keepAliveTimeout: 5_000,
      connectionsCheckingInterval: 2_000,
      maxHeaderSize: 16_384,
    },
    (request, response) => {
      if (options.operations(request, response)) return;
      const refuse = (reason: Reason): void => {
        const { status, error, headers } = deny(reason);
        sendJson(response, status, { error }, { ...headers, 'access-control-allow-origin': '*' });
      };
      if (!['GET', 'HEAD', 'OPTIONS'].includes(request.method ?? '')) refuse('method');
      else if (isDraining) refuse('draining');
      else if (!ask(request)) refuse('address-rate');
      else options.answer(request, response);
    },
  );
  http.maxConnections = settings.connectionsMax + WAITING_MAX;

  onWebSocketUpgrade(http, (request, stream, head) => {
    const refuse = (reason: Reason): void => {
      const { status, error, headers } = deny(reason);
      refuseUpgrade(stream, status, { error }, headers);
    };
    const route = byPath.get(request.url?.split('?', 1)[0] ?? '');
    if (!route) {
      refuse('not-found');
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
    const caller = ask(request);
    if (!caller) {
      refuse('address-rate');
      return;
    }
    const refusal = admission.enter(caller);
    if (refusal !== undefined) {
      refuse(refusal);
      return;
    }
    if (!route.upgrade(request, stream, head, caller)) admission.leave(caller);
  });

  return {
    name: 'signaling',
    http,
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
        admission.sweep(world.nowMs());
      }, SWEEP_MS);
    },
    stop: async () => {
      isDraining = true; // still listening: who comes now is told to come back later
      clearInterval(sweeper);
      await Promise.all(routes.map((route) => route.stop()));
      await closeServer(http);
    },
  };
}
