// One WebSocket to a client or to another gun relay: sizes, pings, and reading no faster than its rate. The only importer of ws.
import type { AddressGuard } from '@relay-swarm/net';
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocket, WebSocketServer, type RawData } from 'ws';

export interface WireLimits {
  readonly frameBytesMax: number;
  readonly sendBufferBytesMax: number;
  readonly pingMs: number;
}

export interface Wire {
  send(text: string): void;
  close(code?: number): void;
}

export interface WireListener {
  /** Returns for how long nothing more may be read. */
  text(text: string): number;
  /** Once, and the last call. */
  closed(): void;
}

export type Opened = (wire: Wire) => WireListener;

const DIAL_MS_MAX = 5_000;
const GOODBYE_MS_MAX = 2_000;

const options = (limits: WireLimits) =>
  ({ maxPayload: limits.frameBytesMax, perMessageDeflate: false }) as const;

export type Accept = (request: IncomingMessage, socket: Duplex, head: Buffer, opened: Opened) => void;

export function createAcceptor(limits: WireLimits): Accept {
  const server = new WebSocketServer({ ...options(limits), noServer: true, clientTracking: false });
  server.on('wsClientError', (error, socket) => socket.destroy(error));
  return (request, socket, head, opened) =>
    server.handleUpgrade(request, socket, head, (webSocket) => listen(webSocket, limits, opened));
}

/** Resolves once the wire is open, rejects where it cannot be opened. */
export async function dial(
  url: string,
  guard: AddressGuard,
  limits: WireLimits,
  opened: Opened,
): Promise<void> {
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0) await guard.check(host); // net.connect does not ask `lookup` about an address
  await new Promise<void>((resolve, reject) => {
    const { lookup } = guard;
    const socket = new WebSocket(url, { ...options(limits), followRedirects: false, lookup });
    const deadline = setTimeout(() => socket.terminate(), DIAL_MS_MAX);
    socket.once('open', () => {
      clearTimeout(deadline);
      listen(socket, limits, opened);
      resolve();
    });
    socket.once('error', (error) => {
      clearTimeout(deadline);
      reject(error);
    });
  });
}

function listen(socket: WebSocket, limits: WireLimits, opened: Opened): void {
  let isAlive = true;
  let resting: NodeJS.Timeout | undefined;
  const listener = opened({
    send: (text) => {
      if (socket.bufferedAmount > limits.sendBufferBytesMax) socket.terminate();
      else if (socket.readyState === WebSocket.OPEN) socket.send(text);
    },
    close: (code = 1000) => {
      socket.close(code);
      setTimeout(() => socket.terminate(), GOODBYE_MS_MAX).unref();
    },
  });
  const pinging = setInterval(() => {
    if (!isAlive && !socket.isPaused) socket.terminate();
    else socket.ping();
    isAlive = false;
  }, limits.pingMs);
  socket.on('pong', () => (isAlive = true));
  socket.on('message', (data: RawData, isBinary) => {
    isAlive = true;
    const restMs = isBinary ? 0 : listener.text((data as Buffer).toString('utf8')); // binaryType is nodebuffer
    if (isBinary) socket.close(1003);
    if (restMs <= 0 || socket.isPaused) return;
    socket.pause();
    resting = setTimeout(() => socket.resume(), restMs);
  });
  socket.on('error', () => undefined); // 'close' follows
  socket.once('close', () => {
    clearInterval(pinging);
    clearTimeout(resting);
    listener.closed();
  });
}
