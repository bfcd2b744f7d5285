// PeerJS's own server, mounted without a listener: we hand it sockets and requests that were checked before.
// The only importer of `peer`, and of the Express that it needs around it.
import express from 'express';
import { EventEmitter } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { ExpressPeerServer, type IConfig } from 'peer';
import type { OriginCheck } from '@relay-swarm/net';
import { OwnedTimers } from './owned-timers.ts';
import type { ClientSocket } from './socket.ts';

export interface PeerServerOptions {
  readonly path: string;
  readonly key: string;
  readonly isDiscoverable: boolean;
  readonly expireMs: number;
  /** Whose pages may read what the HTTP API answers; undefined: everybody's. */
  readonly isOriginAllowed: OriginCheck | undefined;
}

export interface PeerServerEvents {
  /** `peer` has taken the socket under this id. */
  connected(socket: ClientSocket, id: string): void;
  /** Before `peer` acts on a message; `peer` does nothing with it where this throws. */
  message(message: unknown): void;
  /** A frame that is not JSON, or an exception of `message()` or of `peer` itself. */
  failed(error: unknown): void;
}

export interface PeerServer {
  /** Answers the HTTP API: the banner, `/<key>/id`, `/<key>/peers`. */
  answer(request: IncomingMessage, response: ServerResponse): void;
  /** `peer` answers OPEN, ID-TAKEN or ERROR; on a socket of the same id and token it says nothing. */
  connect(socket: ClientSocket, query: { id: string; token: string; key: string }): void;
  stop(): void;
}

/** How often `peer` looks for clients without a heartbeat: it tells this timer by its delay. */
const HEARTBEAT_CHECK_MS = 300;
const NEVER_MS = 2 ** 31 - 1;

export function createPeerServer(options: PeerServerOptions, events: PeerServerEvents): PeerServer {
  // `peer` wants to make a WebSocket server and only listens to it for 'connection'.
  const sockets = new EventEmitter();
  const { isOriginAllowed } = options;
  const config = {
    path: options.path,
    key: options.key,
    allow_discovery: options.isDiscoverable,
    expire_timeout: options.expireMs,
    cleanup_out_msgs: 1_000,
    alive_timeout: NEVER_MS, // our guard ends idle sockets
    concurrent_limit: Number.MAX_SAFE_INTEGER, // our server counts connections before they are upgraded
    proxied: false,
    corsOptions: {
      origin: isOriginAllowed ? (origin, decide) => decide(null, isOriginAllowed(origin)) : '*',
      maxAge: 3600,
    },
    createWebSocketServer: () => sockets as never,
  } satisfies Partial<IConfig>;

  const peer = ExpressPeerServer(createServer(), config);
  peer.disable('x-powered-by');
  peer.on('connection', (client) =>
    events.connected(client.getSocket() as unknown as ClientSocket, client.getId()),
  );
  peer.on('message', (_client, message) => events.message(message));
  peer.on('error', (error) => events.failed(error)); // without a listener one bad frame would end the process

  const app = express();
  app.disable('x-powered-by');
  // The heartbeat check would walk over every client three times a second for nothing.
  const timers = new OwnedTimers((delayMs) => delayMs !== HEARTBEAT_CHECK_MS);
  timers.hold(() => app.use(peer));

  return {
    answer: (request, response) => void app(request, response),
    connect: (socket, { id, token, key }) => {
      const query = `id=${encodeURIComponent(id)}&token=${encodeURIComponent(token)}&key=${encodeURIComponent(key)}`;
      sockets.emit('connection', socket, { url: `/?${query}` });
    },
    stop: () => timers.stop(),
  };
}
