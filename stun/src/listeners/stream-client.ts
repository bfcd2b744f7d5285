// A client on a TCP or TLS connection: bytes in, messages to the TURN server; packets out, as long as the client takes them.
import type { ByteBudget, Holder } from '@relay-swarm/net/budget';
import { limitKey } from '@relay-swarm/net/ip';
import type { Socket } from 'node:net';
import type { Allocation, Client } from '../turn/allocation.ts';
import type { Counters } from '../turn/counters.ts';
import type { TurnServer } from '../turn/turn-server.ts';
import { copyOf } from '../stun/packet-arena.ts';
import { readProxyHeader } from './proxy-protocol.ts';
import { StreamFramer } from './stream-framer.ts';

/** About what Node needs to keep one packet in a queue, beside its bytes. */
const QUEUED_PACKET_BYTES = 512;

/** How long a client that asks too much is not read; what it sends meanwhile stays in the kernels' buffers. */
const HOLD_MS = 200;
/** How often in a row before it is closed: no honest client asks for more than its share for five seconds. */
const HOLDS_MAX = 25;
/** A socket in Node and in the kernel, without what waits in it. */
const CONNECTION_BYTES = 4_096;

export interface StreamClientOptions {
  readonly socket: Socket;
  readonly transport: 'tcp' | 'tls';
  readonly address: string;
  readonly port: number;
  readonly turnServer: TurnServer;
  readonly counters: Counters;
  readonly sendBufferBytesMax: number;
  readonly monotonicMs: () => number;
  readonly budget: ByteBudget;
  /** Called when the client's address is known: at once, or with the proxy's header. False: it has too many connections. */
  readonly enter: (address: string) => boolean;
  readonly isProxied: boolean;
}

export class StreamClient implements Client {
  readonly transport: 'tcp' | 'tls';
  address: string;
  port: number;
  allocation: Allocation | undefined = undefined;
  readonly #options: StreamClientOptions;
  readonly #socket: Socket;
  readonly #framer: StreamFramer;
  /** What has come of the proxy's header; undefined once it is read. */
  #header: Buffer | undefined;
  #idleSinceMs: number;
  #isCorked = false;
  /** Whether the client has not yet taken what it was sent in earlier turns. */
  #isBehind = false;
  /** The packets that were sent while it was. */
  #queued = 0;
  /** Times in a row that it was not read. */
  #holds = 0;
  #isHeld = false;
  /** From the moment on that its address is known. */
  #holder: Holder | undefined;

  constructor(options: StreamClientOptions) {
    const { socket, turnServer } = options;
    this.#options = options;
    this.#socket = socket;
    this.transport = options.transport;
    this.address = options.address;
    this.port = options.port;
    this.#header = options.isProxied ? Buffer.alloc(0) : undefined;
    this.#idleSinceMs = options.monotonicMs();
    this.#framer = new StreamFramer(
      (data, start, end) => turnServer.receive(this, data, start, end),
      () => this.allocation === undefined,
      () => this.#isHeld,
    );
    if (!options.isProxied) this.#openHolder();
    socket.on('data', (chunk) => {
      if (!this.#receive(chunk)) socket.destroy();
      else this.#count();
    });
    // A client that has closed its half sends no more, and might never read what still waits for it.
    socket.on('end', () => turnServer.disconnected(this));
    socket.on('close', () => {
      turnServer.disconnected(this);
      this.#holder?.close();
    });
  }

  #openHolder(): void {
    const { budget } = this.#options;
    this.#holder = budget.open(limitKey(this.address), () => this.#socket.destroy());
    this.#count();
  }

  /** Updates the bytes held for it; where that is too much, the client is closed. */
  #count(): void {
    const waiting = this.#socket.writableLength + this.#queued * QUEUED_PACKET_BYTES;
    const refusal = this.#holder?.holdExactly(CONNECTION_BYTES + this.#framer.bytes + waiting);
    if (refusal !== undefined) this.#socket.destroy();
  }

  #receive(chunk: Buffer): boolean {
    const messages =
      this.#header === undefined ? chunk : this.#readHeader(Buffer.concat([this.#header, chunk]));
    if (messages === undefined) return false;
    if (this.#framer.push(messages)) return true;
    this.#options.counters.drops.malformed++;
    return false;
  }

  /** What follows the header, or undefined where there is no header as it should be. */
  #readHeader(data: Buffer): Buffer | undefined {
    const header = readProxyHeader(data);
    if (header === 'incomplete') {
      this.#header = data;
      return Buffer.alloc(0);
    }
    if (header === 'invalid') {
      this.#options.counters.drops.malformed++;
      return undefined;
    }
    this.#header = undefined;
    if (header.source !== undefined) ({ address: this.address, port: this.port } = header.source);
    if (!this.#options.enter(this.address)) return undefined;
    this.#openHolder();
    return data.subarray(header.bytes);
  }

  /** Packets of one turn of the event loop leave together, in one system call and one TLS record. */
  send(data: Buffer, start: number, end: number): boolean {
    const socket = this.#socket;
    const waiting = socket.writableLength + this.#queued * QUEUED_PACKET_BYTES;
    if (socket.destroyed || waiting > this.#options.sendBufferBytesMax) {
      this.#options.counters.drops.sendBuffer++;
      return false;
    }
    if (!this.#isCorked) {
      this.#isCorked = true;
      this.#isBehind = waiting > 0;
      socket.cork();
      setImmediate(this.#flush);
    }
    if (this.#isBehind) {
      // A copy, since it may wait long: as a view, five bytes would keep a whole slab.
      this.#queued++;
      socket.write(copyOf(data, start, end), this.#taken);
    } else {
      socket.write(data.subarray(start, end));
    }
    return true;
  }

  readonly #taken = (): void => {
    this.#queued--;
    if (this.#queued === 0) this.#count();
  };

  readonly #flush = (): void => {
    this.#isCorked = false;
    this.#socket.uncork();
    if (this.#socket.writableLength > 0) this.#count();
  };

  hold(): void {
    if (this.#isHeld) return;
    if (++this.#holds > HOLDS_MAX) {
      this.#socket.destroy();
      return;
    }
    this.#isHeld = true;
    this.#socket.pause();
    setTimeout(this.#goOn, HOLD_MS).unref();
  }

  readonly #goOn = (): void => {
    const holds = this.#holds;
    this.#isHeld = false;
    if (this.#socket.destroyed) return;
    if (!this.#framer.goOn()) {
      this.#socket.destroy();
    } else if (this.#holds === holds) {
      this.#holds = 0;
      this.#count();
      this.#socket.resume();
    }
  };

  released(): void {
    this.#idleSinceMs = this.#options.monotonicMs();
  }

  /** Closes a connection that has had no allocation for too long. */
  closeIfIdle(nowMs: number, idleMsMax: number): void {
    if (this.allocation === undefined && nowMs - this.#idleSinceMs >= idleMsMax) this.#socket.destroy();
  }

  close(): void {
    this.#socket.destroy();
  }
}
