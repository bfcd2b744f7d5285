// One WebSocket between two relays, at the dialling relay. The only importer of ws.
import type { AddressGuard } from '@relay-swarm/net';
import { RELAY_FRAME_CHARS_MAX } from '@relay-swarm/protocol';
import { REFUSALS } from '@relay-swarm/protocol/refusals';
import { WebSocket, type RawData } from 'ws';

export interface Wire {
  /** The address at the other end. */
  readonly address: string;
  send(text: string): void;
  ping(): void;
  /** Sends a close frame; the socket closes soon after, whether the other end answers or not. */
  close(code: number, reason: string): void;
}

export interface WireListener {
  text(text: string): void;
  pong(): void;
  /** Called once, as the last call. */
  closed(code: number): void;
}

/** Called with an open wire; returns its listener. */
export type Opened = (wire: Wire) => WireListener;

export const DIAL_MS_MAX = 5_000;
/** A wire with more unread bytes than this is closed: the other relay reads too slowly. */
export const BUFFERED_BYTES_MAX = 1_048_576;
export const GOODBYE_MS_MAX = 2_000;

export const FRAGMENTS_MAX = 64;

/** The published types lag behind: `maxFragments` is in the library's documentation only. */
const LIMITS = {
  maxPayload: RELAY_FRAME_CHARS_MAX,
  maxFragments: FRAGMENTS_MAX,
  perMessageDeflate: false,
} as const;

/** Resolves once the wire is open, rejects where it cannot be opened. */
export async function dialWire(
  url: string,
  guard: AddressGuard,
  opened: Opened,
  millisecondsMax = DIAL_MS_MAX,
): Promise<void> {
  await guard.checkAddressIn(url);
  await new Promise<void>((resolve, reject) => {
    const socket = new WebSocket(url, {
      ...LIMITS,
      followRedirects: false,
      handshakeTimeout: millisecondsMax,
      lookup: guard.lookup,
    });
    // handshakeTimeout counts a socket's silence, not the whole
    const deadline = setTimeout(() => socket.terminate(), millisecondsMax);
    let address = '';
    socket.once('upgrade', (response) => (address = response.socket.remoteAddress ?? ''));
    socket.once('open', () => {
      clearTimeout(deadline);
      listen(socket, address, opened);
      resolve();
    });
    socket.once('error', (error) => {
      clearTimeout(deadline);
      reject(error);
    });
  });
}

function listen(socket: WebSocket, address: string, opened: Opened): void {
  let goodbye: NodeJS.Timeout | undefined;
  const wire: Wire = {
    address: address.replace(/^::ffff:(?=.*\.)/, ''),
    send: (text) => {
      if (socket.bufferedAmount > BUFFERED_BYTES_MAX) socket.terminate();
      else if (socket.readyState === WebSocket.OPEN) socket.send(text);
    },
    ping: () => {
      if (socket.readyState === WebSocket.OPEN) socket.ping();
    },
    close: (code, reason) => {
      socket.close(code, reason);
      goodbye ??= setTimeout(() => socket.terminate(), GOODBYE_MS_MAX);
    },
  };
  const listener = opened(wire);
  socket.on('message', (data: RawData, isBinary) => {
    if (isBinary) wire.close(REFUSALS.binary.close, REFUSALS.binary.sentence);
    else listener.text((data as Buffer).toString('utf8')); // binaryType is nodebuffer
  });
  socket.on('pong', () => listener.pong());
  socket.on('error', () => undefined); // 'close' follows
  socket.once('close', (code) => {
    clearTimeout(goodbye);
    listener.closed(code);
  });
}
