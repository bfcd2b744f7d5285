// One WebSocket between two relays, at the relay that was dialled. Strangers come this way, so an address pays for what it sends before it is read.
import {
  AddressBuckets,
  type AddressAccount,
  limitKey,
  newBucket,
  PING_FRAME,
  rejectUpgrade,
  takeToken,
  textFrame,
  type Bucket,
  type Rate,
} from '@relay-swarm/net';
import { OPEN, SocketServer, type ServerSocket } from '@relay-swarm/net/server-socket';
import { RELAY_FRAME_CHARS_MAX } from '@relay-swarm/protocol';
import { REFUSALS } from '@relay-swarm/protocol/refusals';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import {
  BUFFERED_BYTES_MAX,
  FRAGMENTS_MAX,
  GOODBYE_MS_MAX,
  type Opened,
  type Wire,
  type WireListener,
} from './wire.ts';

/** In kilobytes. Relays that compare tables of thousands of relays send a few hundred. */
const ADDRESS_RATE: Rate = { perSecond: 2_000, burst: 2_000 };
const BYTES_PER_TOKEN = 1_024;
/** What each piece costs that comes: it wakes us up. */
const PIECE_COST = 0.5;
/** Relays ping each other every few seconds. */
const CONTROL_FRAMES: Rate = { perSecond: 5, burst: 50 };

interface Accepted {
  readonly wire: Wire;
  readonly account: AddressAccount;
  readonly controls: Bucket;
  readonly addressKey: string;
  readonly socket: ServerSocket<Accepted>;
  listener: WireListener;
}

export interface WireAcceptor {
  accept(request: IncomingMessage, socket: Duplex, head: Buffer, address: string, opened: Opened): void;
}

/** `monotonicMs` never goes back. */
export function createWireAcceptor(monotonicMs: () => number = () => performance.now()): WireAcceptor {
  const addresses = new AddressBuckets(ADDRESS_RATE);
  const server = new SocketServer<Accepted>({
    messageBytesMax: RELAY_FRAME_CHARS_MAX,
    fragmentsMax: FRAGMENTS_MAX,
    closeMsMax: GOODBYE_MS_MAX,
    events: {
      message: ({ wire, listener }, payload, isBinary) => {
        if (isBinary) wire.close(REFUSALS.binary.close, REFUSALS.binary.sentence);
        else listener.text(payload.toString('utf8'));
      },
      signOfLife: ({ listener }, isPong) => {
        if (isPong) listener.pong();
      },
      restMs: ({ account }, bytes) => {
        const now = monotonicMs();
        const owedMs = addresses.debtMs(account, now);
        if (owedMs === 0) addresses.spend(account, PIECE_COST + bytes / BYTES_PER_TOKEN, now);
        return owedMs;
      },
      mayRead: ({ controls, wire }) => {
        if (takeToken(controls, CONTROL_FRAMES, monotonicMs())) return true;
        wire.close(REFUSALS.control_frames.close, REFUSALS.control_frames.sentence);
        return false;
      },
      settled: () => undefined,
      fault: () => undefined, // it is being closed, and told why
      failed: ({ wire }) => wire.close(REFUSALS.internal_error.close, REFUSALS.internal_error.sentence),
      closed: ({ listener, addressKey, socket }) => {
        addresses.leave(addressKey);
        listener.closed(socket.closeCode);
      },
    },
  });
  return {
    accept: (request, stream, head, address, opened) => {
      stream.on('error', () => undefined); // 'close' follows
      const now = monotonicMs();
      addresses.tick(now);
      const addressKey = limitKey(address);
      const fault = server.accept(request, stream, head, (socket) => {
        const wire = wireOf(socket, address);
        return {
          wire,
          account: addresses.enter(addressKey, now),
          controls: newBucket(CONTROL_FRAMES, now),
          addressKey,
          socket,
          listener: opened(wire),
        };
      });
      if (fault !== undefined) rejectUpgrade(stream, fault.code, fault);
    },
  };
}

function wireOf(socket: ServerSocket<Accepted>, address: string): Wire {
  const { stream } = socket;
  return {
    address: address.replace(/^::ffff:(?=.*\.)/, ''),
    send: (text) => {
      if (stream.writableLength > BUFFERED_BYTES_MAX) socket.terminate();
      else if (socket.readyState === OPEN) stream.write(textFrame(text));
    },
    ping: () => {
      if (socket.readyState === OPEN) stream.write(PING_FRAME);
    },
    close: (code, reason) => socket.close(code, reason),
  };
}
