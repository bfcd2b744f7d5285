// HTTP and WebSocket on one port: admits connections, hands their frames on, keeps them alive and ends them. The only importer of ws.
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type ServerOptions, type WebSocket } from 'ws';
import { closeServer, listen, sendJson, type Log, type Part, type RequestHandler } from '@relay-swarm/kit';
import {
  limitKey,
  onWebSocketUpgrade,
  refuseUpgrade,
  type AddressReader,
  type Admission,
} from '@relay-swarm/net';
import { Connection, type SendCounts } from './connection.ts';
import type { Keeper } from './keepalive.ts';
import type { Receiver } from './frame-router.ts';
import type { TrackerSettings } from '../settings.ts';
import type { SwarmTable } from '../swarm/swarm-table.ts';

export interface SocketServerOptions {
  readonly settings: TrackerSettings;
  readonly log: Log;
  readonly swarms: SwarmTable;
  readonly receiver: Receiver;
  readonly keeper: Keeper;
  readonly admission: Admission;
  readonly readAddress: AddressReader;
  readonly isOriginAllowed: (origin: string | undefined) => boolean;
  /** Asked in this order; the first that answers ends the request. */
  readonly routes: readonly RequestHandler[];
  /** Upgrades on `/relay`. */
  readonly upgradeRelay: (request: IncomingMessage, socket: Duplex, head: Buffer, address: string) => void;
  /** Whether this relay is full or stopping. */
  readonly isTurningAway: () => boolean;
  /** What a client is told that is refused for that: where else to go. */
  readonly roster: () => object;
}

export interface SocketServer extends Part {
  /** The port it listens on, where the setting was 0. */
  readonly port: number;
  readonly counts: SendCounts & {
    /** Connections ended for a mistake of ours. */
    failed: number;
    upgrades: number;
    /** Connections closed at once, because there were too many that are no WebSockets. */
    dropped: number;
    readonly refused: Record<UpgradeRefusal, number>;
    readonly errors: Map<string, number>;
  };
}

export type UpgradeRefusal = 'origin' | 'turned_away' | 'connections_full' | 'address_full';

/** Stopping must leave room below kit's STOP_MS_MAX. */
const CLOSING_MS_MAX = 4_000;
const CLOSING_MS_PER_CONNECTION = 2;
const CLOSING_STEP_MS = 50;
const FAREWELL_MS = 1_000;
const RETRY_AFTER_SECONDS = 30;
/** Connections that are no WebSockets (yet): pages, health checks, handshakes. */
const HTTP_CONNECTIONS_MAX = 1_000;

const BAD_REQUESTS: Readonly<Record<string, string>> = {
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
};

type OpenSocket = WebSocket & { connection: Connection };

export function createSocketServer(options: SocketServerOptions): SocketServer {
  const { settings, log, swarms, receiver, keeper, admission } = options;
  const counts = {
    framesOut: 0,
    offersDropped: 0,
    answersDropped: 0,
    stalled: 0,
    failed: 0,
    upgrades: 0,
    dropped: 0,
    refused: { origin: 0, turned_away: 0, connections_full: 0, address_full: 0 },
    errors: new Map<string, number>(),
  };
  const shared = {
    limits: settings,
    counts,
    probe: (connection: Connection) => keeper.probe(connection, performance.now()),
    failed: (error: unknown) => {
      counts.failed++;
      log.error('bug: a connection could not be written to', { error });
    },
  };
  // The published types lag behind the library: the last two options are in its documentation only.
  const webSocketOptions: ServerOptions & { maxPendingAutoPongs: number; closeTimeout: number } = {
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: settings.frameBytesMax,
    maxFragments: 64,
    maxBufferedChunks: 4_096,
    maxPendingAutoPongs: 8,
    skipUTF8Validation: false,
    autoPong: true,
    allowSynchronousEvents: true,
    closeTimeout: 5_000,
  };
  const webSockets = new WebSocketServer(webSocketOptions);

  // One function each for all sockets: a closure for every socket would cost memory.
  function onMessage(this: WebSocket, data: Buffer, isBinary: boolean): void {
    const { connection } = this as OpenSocket;
    try {
      receiver.receive(connection, data, isBinary, performance.now());
    } catch (error) {
      counts.failed++;
      log.error('bug: a frame could not be handled', { error });
      connection.close(1011, 'Internal error');
    }
  }
  function onSignOfLife(this: WebSocket): void {
    (this as OpenSocket).connection.isAlive();
  }
  function onClose(this: WebSocket): void {
    const { connection } = this as OpenSocket;
    keeper.remove(connection);
    receiver.closed(connection);
    swarms.removeAllOf(connection);
  }
  function onError(error: Error & { code?: string }): void {
    const code = error.code ?? 'unknown'; // the library's WS_ERR_… or the system's E…: a bounded set of names
    counts.errors.set(code, (counts.errors.get(code) ?? 0) + 1);
  }

  const open = (webSocket: WebSocket, socket: Duplex, addressKey: string): void => {
    const connection = new Connection(webSocket, socket, { addressKey, nowMs: performance.now() }, shared);
    (webSocket as OpenSocket).connection = connection;
    webSocket.on('message', onMessage);
    webSocket.on('ping', onSignOfLife);
    webSocket.on('pong', onSignOfLife);
    webSocket.on('close', onClose);
    webSocket.on('error', onError);
    keeper.add(connection);
    counts.upgrades++;
  };

  const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    socket.on('error', onError);
    const address = options.readAddress(request);
    if (request.url?.split('?', 1)[0] === '/relay') {
      options.upgradeRelay(request, socket, head, address);
      return;
    }
    const refuse = (refusal: UpgradeRefusal, status: number, body: object): void => {
      counts.refused[refusal]++;
      refuseUpgrade(socket, status, body, status === 403 ? {} : { 'Retry-After': RETRY_AFTER_SECONDS });
    };
    if (!options.isOriginAllowed(request.headers.origin)) {
      refuse('origin', 403, { error: 'Pages of this origin may not use this tracker' });
      return;
    }
    const addressKey = limitKey(address);
    const refusal = options.isTurningAway() ? 'turned_away' : admission.enter(addressKey);
    if (refusal === 'address_full') {
      refuse(refusal, 429, { error: 'Too many connections from this address' });
      return;
    }
    if (refusal !== undefined) {
      refuse(refusal, 503, options.roster());
      return;
    }
    socket.once('close', () => admission.leave(addressKey));
    webSockets.handleUpgrade(request, socket, head, (webSocket) => open(webSocket, socket, addressKey));
  };

  const server: Server = createServer(
    {
      maxHeaderSize: 8_192,
      headersTimeout: settings.requestSeconds * 1000,
      requestTimeout: settings.requestSeconds * 1000,
      connectionsCheckingInterval: 1_000,
    },
    (request, response) => {
      for (const route of options.routes) if (route(request, response)) return;
      sendJson(response, 404, { error: 'Nothing here: see / for what there is' });
    },
  );
  server.maxConnections = settings.connectionsMax + HTTP_CONNECTIONS_MAX;
  onWebSocketUpgrade(server, upgrade);
  server.on('drop', () => {
    counts.dropped++;
  });
  // As Node answers these itself, but counted: a handshake that takes too long, headers that are too large, what is no HTTP.
  server.on('clientError', (error: Error & { code?: string }, socket) => {
    onError(error);
    if (!socket.writable) socket.destroy();
    else
      socket.end(
        `HTTP/1.1 ${BAD_REQUESTS[error.code ?? ''] ?? '400 Bad Request'}\r\nConnection: close\r\n\r\n`,
      );
  });

  let timer: NodeJS.Timeout | undefined;
  const tick = (): void => {
    const nowMs = performance.now();
    keeper.tick(nowMs);
    swarms.expire(nowMs - settings.peerTtlSeconds * 1000);
  };

  return {
    name: 'socket-server',
    counts,
    get port() {
      return (server.address() as AddressInfo | null)?.port ?? settings.port;
    },
    start: async () => {
      await listen(server, 'the tracker', {
        host: settings.host,
        port: settings.port,
        settingName: 'TRACKER_PORT',
      });
      timer = setInterval(tick, 1000);
      log.info('listening', { host: settings.host, port: (server.address() as AddressInfo).port });
    },
    stop: async () => {
      clearInterval(timer);
      server.close();
      await closeSpreadOut([...keeper.connections()]);
      for (const connection of keeper.connections()) connection.terminate();
      await closeServer(server);
    },
  };
}

/** Closes with 1012 (service restart), spread out so that not all clients come to another relay in the same instant. */
async function closeSpreadOut(connections: readonly Connection[]): Promise<void> {
  const steps = Math.ceil(
    Math.min(CLOSING_MS_MAX, connections.length * CLOSING_MS_PER_CONNECTION) / CLOSING_STEP_MS,
  );
  for (let step = 0; step < steps; step++) {
    for (let index = step; index < connections.length; index += steps)
      connections[index]!.close(1012, 'This relay is stopping');
    await pause(CLOSING_STEP_MS);
  }
  if (connections.length > 0) await pause(Math.min(FAREWELL_MS, 50 + connections.length));
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
