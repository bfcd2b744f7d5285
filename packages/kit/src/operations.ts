// What an operator's tools ask of a service: /healthz and /metrics. Never to be reachable from outside: nginx does not proxy them.
import { httpRefusal, type HttpRefusalCode } from '@relay-swarm/protocol/refusals';
import type { IncomingMessage, ServerResponse, OutgoingHttpHeaders } from 'node:http';
import { createServer, type Server } from 'node:http';
import type { Metrics } from './metrics.ts';
import { explainListenError, type Part } from './service.ts';

/** Answers from state and does no work. */
export interface Health {
  /** Whether the service can do its job; 503 where not. */
  readonly ok: boolean;
  readonly state: string;
}

/** Answers the request and returns true, or leaves it alone and returns false. */
export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => boolean;

/** `mayReadMetrics` tells whether a request is an operator's; others get 404 for /metrics. */
export function createOperations(
  metrics: Metrics,
  health: () => Health,
  mayReadMetrics: (request: IncomingMessage) => boolean,
): RequestHandler {
  /** Collecting costs milliseconds, so requests that come meanwhile get the same answer. */
  let collecting: Promise<string> | undefined;
  const collect = (): Promise<string> =>
    (collecting ??= metrics.text().finally(() => (collecting = undefined)));
  return (request, response) => {
    const path = request.url?.split('?', 1)[0];
    if (path !== '/healthz' && path !== '/metrics') return false;
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      refuse(response, 'method', 'Only GET and HEAD are answered here', { allow: 'GET, HEAD' });
    } else if (path === '/healthz') {
      const now = health();
      sendJson(response, now.ok ? 200 : 503, now);
    } else if (!mayReadMetrics(request)) {
      refuse(response, 'not_found', '/metrics is for this machine and for trusted proxies');
    } else {
      collect().then(
        (text) =>
          response
            .writeHead(200, { 'content-type': metrics.contentType, 'cache-control': 'no-store' })
            .end(text),
        (error: unknown) => response.writeHead(500).end(String(error)),
      );
    }
    return true;
  };
}

/** As net's `sendRefusal()`, which this package cannot import. */
function refuse(
  response: ServerResponse,
  code: HttpRefusalCode,
  message?: string,
  headers: OutgoingHttpHeaders = {},
): void {
  const { status, body } = httpRefusal(code, message === undefined ? {} : { message });
  sendJson(response, status, body, headers);
}

/** An HTTP server that does nothing but operations, for a service whose own listeners speak something else. */
export function createOperationsServer(
  handle: RequestHandler,
  at: { host: string; port: number; settingName: string },
): Part & { readonly server: Server } {
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 5_000 }, (request, response) => {
    if (!handle(request, response)) refuse(response, 'not_found');
  });
  return {
    name: 'operations',
    server,
    start: () => listen(server, 'operations', at),
    stop: () => closeServer(server),
  };
}

export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: OutgoingHttpHeaders = {},
): void {
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...headers,
  });
  response.end(JSON.stringify(body));
}

/** Listens, or rejects with a sentence that names the port and the setting. */
export function listen(
  server: Server,
  what: string,
  at: { host: string; port: number; settingName: string },
): Promise<void> {
  server.prependListener('request', takeNoBodies);
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(explainListenError(error, what, at.port, at.settingName)));
    server.listen({ host: at.host, port: at.port }, resolve);
  });
}

/**
 * None of our pages takes a body: whoever sends one is answered, and the connection ends with the answer. It would be read to its end
 * otherwise, however long that is.
 */
function takeNoBodies({ headers }: IncomingMessage, response: ServerResponse): void {
  if (headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0)
    response.shouldKeepAlive = false;
}

export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
