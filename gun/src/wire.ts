// One WebSocket to a client or to another gun relay: sizes, pings, and reading no faster than its rate. The only importer of ws.
import { Intake, type AddressGuard, type ByteBudget, type Holder } from '@relay-swarm/net';
import { REFUSALS, type CloseRefusalCode } from '@relay-swarm/protocol/refusals';
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocket, WebSocketServer, type RawData } from 'ws';

export interface WireLimits {
  readonly frameBytesMax: number;
  readonly sendBufferBytesMax: number;
  readonly pingMs: number;
  readonly budget: ByteBudget;
  readonly intake: Intake;
}

export interface Wire {
  /** What is held for it. */
  readonly holder: Holder;
  /** Of an address as limits count it. */
  readonly addressKey: string;
  end(code: CloseRefusalCode): void;
  send(text: string): void;
  close(code?: number): void;
}

export interface WireListener {
  /** For how long nothing more may be parsed: it, or its address, has asked for too much. */
  debtMs(): number;
  text(text: string): void;
  /** Once, and the last call. */
  closed(): void;
}

export type Opened = (wire: Wire) => WireListener;

const DIAL_MS_MAX = 5_000;
const GOODBYE_MS_MAX = 2_000;

/** From the first piece of a message to its last one. */
const UNFINISHED_MS_MAX = 30_000;

/** Watches what wires keep of messages that are not whole. */
export const createIntake = (nowMs: () => number): Intake =>
  new Intake({
    nowMs,
    unfinishedMsMax: UNFINISHED_MS_MAX,
    end: (socket, reason) => close(socket as unknown as WebSocket, reason),
  });

function close(socket: WebSocket, code: CloseRefusalCode): void {
  closeWith(socket, REFUSALS[code].close, REFUSALS[code].sentence);
}

function closeWith(socket: WebSocket, code: number, reason?: string): void {
  socket.close(code, reason);
  setTimeout(() => socket.terminate(), GOODBYE_MS_MAX).unref();
}

/** In what pieces a frame may arrive, on average: each is an object until the frame is whole. */
const CHUNK_BYTES_MIN = 256;

/** The last three are in the library's documentation only. Left out, a message may be of 16,384 fragments. */
const options = (limits: WireLimits) => ({
  maxPayload: limits.frameBytesMax,
  perMessageDeflate: false as const,
  maxFragments: 64,
  maxBufferedChunks: Math.ceil(limits.frameBytesMax / CHUNK_BYTES_MIN),
  closeTimeout: GOODBYE_MS_MAX,
});

export type Accept = (
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  addressKey: string,
  opened: Opened,
) => void;

export function createAcceptor(limits: WireLimits): Accept {
  const server = new WebSocketServer({ ...options(limits), noServer: true, clientTracking: false });
  server.on('wsClientError', (error, socket) => socket.destroy(error));
  return (request, socket, head, addressKey, opened) =>
    server.handleUpgrade(request, socket, head, (webSocket) =>
      listen(webSocket, socket, addressKey, limits, opened),
    );
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
    let stream!: Duplex;
    socket.once('upgrade', (response) => (stream = response.socket));
    const deadline = setTimeout(() => socket.terminate(), DIAL_MS_MAX);
    socket.once('open', () => {
      clearTimeout(deadline);
      listen(socket, stream, `link ${url}`, limits, opened);
      resolve();
    });
    socket.once('error', (error) => {
      clearTimeout(deadline);
      reject(error);
    });
  });
}

function listen(
  socket: WebSocket,
  stream: Duplex,
  addressKey: string,
  limits: WireLimits,
  opened: Opened,
): void {
  let isAlive = true;
  let resting: NodeJS.Timeout | undefined;
  /** What waits for a slow reader, as the holder counts it. */
  let waitingBytes = 0;
  const holder = limits.budget.open(addressKey, () => end('memory'));
  limits.intake.watch(socket, stream, holder);
  const end = (code: CloseRefusalCode): void => close(socket, code);
  const countWaiting = (): void => {
    const nowBytes = socket.bufferedAmount;
    const refusal = nowBytes > waitingBytes ? holder.hold(nowBytes - waitingBytes) : undefined;
    if (nowBytes < waitingBytes) holder.release(waitingBytes - nowBytes);
    if (refusal === undefined) waitingBytes = nowBytes;
    else socket.terminate(); // it does not read, so there is nothing to tell it
  };
  const listener = opened({
    holder,
    addressKey,
    send: (text) => {
      if (socket.bufferedAmount > limits.sendBufferBytesMax) socket.terminate();
      else if (socket.readyState === WebSocket.OPEN) {
        socket.send(text, countWaiting);
        countWaiting();
      }
    },
    end,
    close: (code = 1000) => closeWith(socket, code),
  });
  const pinging = setInterval(() => {
    if (!isAlive && !socket.isPaused) socket.terminate();
    else socket.ping();
    isAlive = false;
  }, limits.pingMs);
  socket.on('pong', () => (isAlive = true));
  // Debts are asked for before a frame is parsed: those of its address may be others' doing, and parsing is the work.
  const unread: Buffer[] = [];
  const read = (): void => {
    resting = undefined;
    for (;;) {
      const restMs = listener.debtMs();
      if (restMs > 0) {
        socket.pause();
        resting = setTimeout(read, restMs);
        return;
      }
      const frame = unread.shift();
      if (frame === undefined) break;
      holder.release(frame.length);
      listener.text(frame.toString('utf8'));
    }
    if (socket.isPaused) socket.resume();
  };
  socket.on('message', (data: RawData, isBinary) => {
    isAlive = true;
    const frame = data as Buffer; // binaryType is nodebuffer
    const refusal = isBinary ? 'binary' : holder.hold(frame.length);
    if (refusal !== undefined) {
      end(refusal);
      return;
    }
    unread.push(frame);
    if (resting === undefined) read();
  });
  socket.on('error', () => undefined); // 'close' follows
  socket.once('close', () => {
    clearInterval(pinging);
    clearTimeout(resting);
    holder.close();
    listener.closed();
  });
}
