// A WebSocket that this relay opens to another gun relay named by the roster. The only importer of ws, which has the client's end of the
// protocol.
import type { AddressGuard } from '@relay-swarm/net';
import { REFUSALS, type CloseRefusalCode } from '@relay-swarm/protocol/refusals';
import { WebSocket, type ClientOptions, type RawData } from 'ws';
import { startPinging, type Pinged } from './pinging.ts';
import { FRAGMENTS_MAX, GOODBYE_MS_MAX, type Opened, type WireLimits } from './wire.ts';

const DIAL_MS_MAX = 5_000;
/** In what pieces a frame may arrive, on average: each is an object until the frame is whole. */
const CHUNK_BYTES_MIN = 256;

/** What ws takes beyond its published types: the first three are in its documentation only. */
interface YoungerOptions {
  readonly maxFragments: number;
  readonly maxBufferedChunks: number;
  readonly closeTimeout: number;
  readonly lookup: AddressGuard['lookup'];
}

/** Resolves once the wire is open, rejects where it cannot be opened. */
export async function dial(
  url: string,
  guard: AddressGuard,
  limits: WireLimits,
  opened: Opened,
): Promise<void> {
  await guard.checkAddressIn(url);
  const options: ClientOptions & YoungerOptions = {
    maxPayload: limits.frameBytesMax,
    perMessageDeflate: false,
    maxFragments: FRAGMENTS_MAX,
    maxBufferedChunks: Math.ceil(limits.frameBytesMax / CHUNK_BYTES_MIN),
    closeTimeout: GOODBYE_MS_MAX,
    followRedirects: false,
    lookup: guard.lookup,
  };
  await new Promise<void>((resolve, reject) => {
    const socket = new WebSocket(url, options);
    const deadline = setTimeout(() => socket.terminate(), DIAL_MS_MAX);
    socket.once('open', () => {
      clearTimeout(deadline);
      listen(socket, `link ${url}`, limits, opened);
      resolve();
    });
    socket.once('error', (error) => {
      clearTimeout(deadline);
      reject(error);
    });
  });
}

function listen(socket: WebSocket, addressKey: string, limits: WireLimits, opened: Opened): void {
  let resting: NodeJS.Timeout | undefined;
  /** What waits for a slow reader, as the holder counts it. */
  let waitingBytes = 0;
  const { memory, sendBufferBytesMax, pingMs } = limits;
  const holder = memory.open(addressKey, { cut: (reason) => end(reason) });
  const close = (code: number, reason?: string): void => {
    socket.close(code, reason);
    setTimeout(() => socket.terminate(), GOODBYE_MS_MAX).unref();
  };
  const end = (code: CloseRefusalCode): void => close(REFUSALS[code].close, REFUSALS[code].sentence);
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
      if (socket.bufferedAmount > sendBufferBytesMax) socket.terminate();
      else if (socket.readyState === WebSocket.OPEN) {
        socket.send(text, countWaiting);
        countWaiting();
      }
    },
    get isResting() {
      return resting !== undefined;
    },
    rest: () => undefined, // its debt is checked before the next frame
    end,
    close: (code = 1000) => close(code),
  });
  const pinged: Pinged = {
    pingsUnanswered: 0,
    get isResting() {
      return socket.isPaused;
    },
    ping: () => socket.ping(),
    terminate: () => socket.terminate(),
  };
  const pinging = startPinging(pinged, pingMs);
  socket.on('pong', () => (pinged.pingsUnanswered = 0));
  // Frames that were read while it was in debt wait here, unparsed.
  const unread: Buffer[] = [];
  const read = (): void => {
    resting = undefined;
    for (let frame = unread[0]; frame !== undefined; frame = unread[0]) {
      const restMs = listener.restMs(frame.length);
      if (restMs > 0) {
        socket.pause();
        resting = setTimeout(read, restMs);
        return;
      }
      unread.shift();
      holder.release(frame.length);
      listener.frame(frame);
    }
    if (socket.isPaused) socket.resume();
  };
  socket.on('message', (data: RawData, isBinary) => {
    pinged.pingsUnanswered = 0;
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
