// The tracker's port: HTTP requests go to the routes, WebSocket handshakes to the upgrade gate.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { closeServer, listen, type Log, type Part, type RequestHandler } from '@relay-swarm/kit';
import {
  answerClientError,
  FirstLook,
  limitKey,
  onWebSocketUpgrade,
  sendRefusal,
  type AddressReader,
  type HttpDoor,
} from '@relay-swarm/net';
import { PlainRequests, type PlainRequestsOptions } from './plain-requests.ts';
import type { SocketErrors } from './socket-errors.ts';
import type { UnreadResponses } from './unread-responses.ts';
import type { UpgradeGate } from './upgrade-gate.ts';
import type { WebSockets } from './web-sockets.ts';

export interface HttpServerOptions {
  readonly settings: {
    readonly host: string;
    readonly port: number;
    readonly requestSeconds: number;
    readonly connectionsMax: number;
  };
  /** Asked in this order; the first that answers ends the request. */
  readonly routes: readonly RequestHandler[];
  readonly door: HttpDoor;
  readonly readAddress: AddressReader;
  readonly gate: UpgradeGate;
  readonly answerTo: PlainRequestsOptions['answerTo'];
  readonly webSockets: WebSockets;
  readonly unread: UnreadResponses;
  readonly errors: SocketErrors;
  readonly log: Log;
}

export interface HttpServer extends Part {
  /** The port it listens on, where the setting was 0. */
  readonly port: number;
  /** Connections closed at once, because there were too many that are no WebSockets. */
  readonly dropped: number;
}

const HEAD_BYTES_MAX = 8_192;
/** Connections that are no WebSockets (yet): pages, health checks, handshakes. */
const HTTP_CONNECTIONS_MAX = 1_000;

/** What a page costs, in messages: most are made anew for each that asks. */
const PAGE_COST = 40;
const ANNOUNCE = /^\/(announce|scrape)\b/;

export function createHttpServer(options: HttpServerOptions): HttpServer {
  const { settings, door, readAddress, gate, unread, errors, log } = options;
  const server: Server = createServer(
    {
      maxHeaderSize: HEAD_BYTES_MAX,
      headersTimeout: settings.requestSeconds * 1000,
      requestTimeout: settings.requestSeconds * 1000,
      connectionsCheckingInterval: 1_000,
    },
    (request, response) => {
      const cost = ANNOUNCE.test(request.url ?? '') ? undefined : PAGE_COST;
      if (!door.admits(limitKey(readAddress(request)), cost))
        sendRefusal(response, 'address_rate', { random: Math.random() });
      else if (!options.routes.some((route) => route(request, response)))
        sendRefusal(response, 'not_found', { message: 'Nothing here: see / for what there is' });
      if (response.writableLength > 0) unread.count(request, response);
    },
  );
  server.maxConnections = settings.connectionsMax + HTTP_CONNECTIONS_MAX;
  door.watch(server);
  onWebSocketUpgrade(server, (request, socket, head) => {
    socket.on('error', errors.count);
    gate.upgrade(request, socket, head);
  });
  const look: FirstLook = new FirstLook(server, {
    comes: door.comes,
    mustWait: door.mustWait,
    take: new PlainRequests({ ...options, look: () => look }).take,
    headBytesMax: HEAD_BYTES_MAX,
    waitMsMax: settings.requestSeconds * 1000,
  });
  let dropped = 0;
  server.on('drop', () => {
    dropped++;
  });
  // A handshake that takes too long, headers that are too large, what is no HTTP.
  server.on('clientError', (error: Error & { code?: string }, socket) => {
    errors.count(error);
    answerClientError(error, socket);
  });

  return {
    name: 'http-server',
    get dropped() {
      return dropped;
    },
    get port() {
      return (server.address() as AddressInfo | null)?.port ?? settings.port;
    },
    start: async () => {
      await listen(server, 'the tracker', {
        host: settings.host,
        port: settings.port,
        settingName: 'TRACKER_PORT',
      });
      log.info('listening', { host: settings.host, port: (server.address() as AddressInfo).port });
    },
    stop: async () => {
      server.close();
      look.close();
      await options.webSockets.closeAll();
      await closeServer(server);
    },
  };
}
