// A server's end of a WebSocket (RFC 6455): the handshake's answer, reading, the closing handshake. It holds only what an open connection
// needs; its owner writes frames to its stream. It has no extensions, since our servers offer none.
// Reading costs: before bytes are looked at, the owner says whether they are paid for. Bytes that are not paid for are not read, so TCP slows
// the sender down. A socket that is being closed is read only as far as an honest client's close frame can be.
import type { HttpRefusalCode } from '@relay-swarm/protocol/refusals';
import { hash } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { FrameReader, OPCODE, type FrameFault, type FrameSink, type PartialMessage } from './frame-reader.ts';
import type { RequestHead } from './request-head.ts';
import { inTurn, NEXT_TURN_MS } from './turns.ts';
import { closeFrame, controlFrame } from './ws-frame.ts';

/** What a socket tells. One for all sockets of a server; each call names the owner of the socket. */
export interface SocketEvents<O> {
  message(owner: O, payload: Buffer, isBinary: boolean): void;
  /** A ping or pong came; a ping is answered already. */
  signOfLife(owner: O, isPong: boolean): void;
  /**
   * Before bytes that have come are looked at: for how many milliseconds they, and all behind them, must wait, because the owner or its
   * address owes for earlier ones, or NEXT_TURN_MS for its turn. 0: they are paid for and read now. Asked again after the wait.
   */
  restMs(owner: O, bytes: number): number;
  /** Before a control frame or a fragment is looked at. False: it is not, and the owner has closed the socket. */
  mayRead(owner: O): boolean;
  /** After each read of the stream, also where it has to wait. */
  settled(owner: O): void;
  /** The other end broke the protocol; the socket is being closed. */
  fault(owner: O, fault: FrameFault): void;
  /** A mistake of ours while something was handled. */
  failed(owner: O, error: unknown): void;
  /** The socket has closed. */
  closed(owner: O): void;
}

export interface SocketServerOptions<O> {
  readonly messageBytesMax: number;
  readonly fragmentsMax: number;
  /** How long the other end has to answer a close frame. */
  readonly closeMsMax: number;
  readonly events: SocketEvents<O>;
}

export type ReadyState = 1 | 2 | 3;
export const OPEN = 1;
const CLOSING = 2;
const CLOSED = 3;
/** What an honest client may have sent before our close frame reached it; its answer stands behind that. */
const LATE_BYTES_MAX = 131_072;
/** A client that sends more than this is not read from any more; by then it has our close frame, unless its network is very slow. */
const UNREAD_MS_MAX = 1_000;
/** Pings are not answered while more than this is unread at the other end. */
const PONGS_WAITING_BYTES_MAX = 4_096;
/** RFC 6455 §1.3. */
const ACCEPT_SALT = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const KEY = /^[+/0-9A-Za-z]{22}==$/;
const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/;

const SOCKET = Symbol('socket');
type OwnedStream = Duplex & { [SOCKET]?: ServerSocket<unknown> };

export class SocketServer<O> {
  readonly events: SocketEvents<O>;
  readonly reader: FrameReader;
  readonly closeMsMax: number;

  constructor({ events, closeMsMax, ...limits }: SocketServerOptions<O>) {
    this.events = events;
    this.closeMsMax = closeMsMax;
    this.reader = new FrameReader(limits);
  }

  /** Answers the handshake (RFC 6455 §4.2), or says why not. `open` makes the owner of the socket; nothing is read before. */
  accept(
    request: RequestHead,
    stream: Duplex,
    head: Buffer,
    open: (socket: ServerSocket<O>) => O,
  ): HandshakeFault | undefined {
    const { headers } = request;
    const key = headers['sec-websocket-key'];
    if (request.method !== 'GET') return { code: 'method', message: 'A WebSocket is opened by GET' };
    if (key === undefined || !KEY.test(key))
      return {
        code: 'bad_request',
        message: 'Cannot read Sec-WebSocket-Key: it must be 16 bytes in base64',
      };
    if (headers['sec-websocket-version'] !== '13' && headers['sec-websocket-version'] !== '8')
      return {
        code: 'websocket_wanted',
        message: 'This version of WebSocket is not spoken here: it must be 13',
        headers: { 'Sec-WebSocket-Version': '13, 8' },
      };
    const protocol = firstProtocol(headers['sec-websocket-protocol']);
    if (protocol === '') return { code: 'bad_request', message: 'Cannot read Sec-WebSocket-Protocol' };
    const accepted = hash('sha1', key + ACCEPT_SALT, 'base64');
    stream.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accepted}\r\n${
        protocol === undefined ? '' : `Sec-WebSocket-Protocol: ${protocol}\r\n`
      }\r\n`,
    );
    const socket = new ServerSocket<O>(this, stream);
    (stream as OwnedStream)[SOCKET] = socket;
    socket.owner = open(socket);
    if (head.length > 0) stream.unshift(head);
    stream.on('data', onData);
    stream.on('end', onEnd);
    stream.on('close', onClose);
    if (!socket.isResting) stream.resume();
    return undefined;
  }
}

/** What `rejectUpgrade()` is given. */
export interface HandshakeFault {
  readonly code: HttpRefusalCode;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The first of those that the client offers, as `ws` answers it; empty where the list cannot be read, undefined where there is none. */
function firstProtocol(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  const all = header.split(',').map((one) => one.trim());
  return all.every((one) => TOKEN.test(one)) && new Set(all).size === all.length ? all[0] : '';
}

export class ServerSocket<O> implements FrameSink {
  partial: PartialMessage | undefined = undefined;
  readyState: ReadyState = OPEN;
  /** What the other end's close frame said: 1005 where it said nothing, 1006 where none came (RFC 6455 §7.1.5). */
  closeCode = 1006;
  /** Set before anything is read. */
  owner!: O;
  readonly stream: Duplex;
  readonly #server: SocketServer<O>;
  #rest: NodeJS.Timeout | undefined = undefined;
  /** Bytes that came since it is being closed. */
  #lateBytes = 0;

  constructor(server: SocketServer<O>, stream: Duplex) {
    this.#server = server;
    this.stream = stream;
  }

  get isReading(): boolean {
    return this.readyState === OPEN;
  }

  /** A message, or the beginning of a frame, has come that is not whole. */
  get isUnfinished(): boolean {
    return this.partial !== undefined && !this.partial.isBroken;
  }

  /** Sends a close frame (§5.5.1); of what still comes only the other end's is looked at. `reason` has at most 123 bytes. */
  close(code: number, reason: string): void {
    if (this.readyState !== OPEN) return;
    this.readyState = CLOSING;
    this.stream.write(closeFrame(code, reason));
    this.#waitForTheEnd();
    this.#wake(); // to read the answer
  }

  terminate(): void {
    if (this.readyState !== CLOSED) this.readyState = CLOSING;
    this.stream.destroy();
  }

  /** Nothing is read, because of debt. */
  get isResting(): boolean {
    return this.#rest !== undefined;
  }

  /** Reads nothing for this long; nothing changes where it rests already. */
  rest(milliseconds: number): void {
    if (this.#rest !== undefined || this.readyState !== OPEN) return;
    this.stream.pause();
    this.#rest = setTimeout(() => inTurn(() => this.#wake()), milliseconds).unref();
  }

  #wake(): void {
    if (this.#rest === undefined) return;
    clearTimeout(this.#rest);
    this.#rest = undefined;
    this.stream.resume();
  }

  // What follows is for the reader and the stream.

  message(payload: Buffer, isBinary: boolean): void {
    this.#server.events.message(this.owner, payload, isBinary);
  }

  mayRead(): boolean {
    return this.#server.events.mayRead(this.owner);
  }

  control(opcode: number, payload: Buffer): void {
    if (opcode === OPCODE.close) {
      this.closeCode = payload.length < 2 ? 1005 : payload.readUInt16BE(0);
      if (this.readyState === OPEN) {
        this.readyState = CLOSING;
        this.stream.write(payload.length < 2 ? closeFrame() : closeFrame(payload.readUInt16BE(0), ''));
        this.#waitForTheEnd();
      }
      this.stream.end(); // the server is the one to close the connection first (§7.1.1)
      return;
    }
    if (opcode === OPCODE.ping && this.stream.writableLength < PONGS_WAITING_BYTES_MAX)
      this.stream.write(controlFrame(OPCODE.pong, payload));
    this.#server.events.signOfLife(this.owner, opcode === OPCODE.pong);
  }

  broken(fault: FrameFault): void {
    this.#server.events.fault(this.owner, fault);
    this.close(fault.closeCode, fault.reason);
    this.stream.end();
  }

  read(chunk: Buffer): void {
    const { events, reader } = this.#server;
    try {
      const restMs = events.restMs(this.owner, chunk.length);
      if (this.readyState !== OPEN) {
        this.#lateBytes += chunk.length;
        if (restMs > NEXT_TURN_MS || this.#lateBytes > LATE_BYTES_MAX) this.#stopReading();
        else {
          reader.read(this, chunk);
          if (this.partial?.isBroken === true) this.stream.end(); // no close frame will be found behind it
        }
        return;
      }
      if (restMs > 0) {
        this.rest(restMs);
        this.stream.unshift(chunk);
      } else reader.read(this, chunk);
      events.settled(this.owner);
    } catch (error) {
      events.failed(this.owner, error);
    }
  }

  /** The other end has closed its half, so no answer will come. */
  ended(): void {
    if (this.readyState === OPEN) this.readyState = CLOSING;
    this.stream.end();
  }

  gone(): void {
    this.readyState = CLOSED;
    clearTimeout(this.#rest);
    this.#rest = undefined;
    this.partial = undefined;
    this.#server.events.closed(this.owner);
  }

  #waitForTheEnd(): void {
    this.#destroyAfter(this.#server.closeMsMax);
  }

  /** Destroying it at once would send an RST, and the other end's kernel would drop our close frame. */
  #stopReading(): void {
    this.stream.pause();
    this.stream.end();
    this.#destroyAfter(UNREAD_MS_MAX);
  }

  #destroyAfter(milliseconds: number): void {
    const deadline = setTimeout(() => this.stream.destroy(), milliseconds).unref();
    this.stream.once('close', () => clearTimeout(deadline));
  }
}

// One function each for all streams: a closure for every stream would cost memory.

function onData(this: OwnedStream, chunk: Buffer): void {
  this[SOCKET]!.read(chunk);
}

function onEnd(this: OwnedStream): void {
  this[SOCKET]!.ended();
}

function onClose(this: OwnedStream): void {
  this[SOCKET]!.gone();
}
