// A BitTorrent peer made of bytes (BEP 3), for what no client would do.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

const PROTOCOL = Buffer.from('\x13BitTorrent protocol');
const HANDSHAKE_BYTES = 68;
/** What is kept: the handshake and the first messages. */
const HEAD_BYTES_MAX = 100_000;
const INTERESTED = 2;
const UNCHOKE = 1;
const REQUEST = 6;

export class RawPeer {
  readonly #socket: Socket;
  #received = Buffer.alloc(0);
  #receivedBytes = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('error', () => undefined); // its end is what counts
    socket.on('data', (bytes) => {
      this.#receivedBytes += bytes.length;
      if (this.#received.length < HEAD_BYTES_MAX) this.#received = Buffer.concat([this.#received, bytes]);
    });
  }

  static async connect(port: number, infoHash: string): Promise<RawPeer> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    const id = Buffer.concat([Buffer.from('-XX0000-'), randomBytes(12)]);
    socket.write(Buffer.concat([PROTOCOL, Buffer.alloc(8), Buffer.from(infoHash, 'hex'), id]));
    return new RawPeer(socket);
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed && !this.#socket.readableEnded;
  }

  /** Bytes of everything that has come. */
  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  /** Resolves once this peer may ask for blocks. */
  async unchoked(): Promise<void> {
    while (this.#received.length < HANDSHAKE_BYTES) await once(this.#socket, 'data');
    this.#say(INTERESTED);
    while (!this.#messages().includes(UNCHOKE)) await once(this.#socket, 'data');
  }

  /** From now on nothing is read, and what the other sends fills its own memory. */
  deafen(): void {
    this.#socket.pause();
  }

  ask(index: number, offset: number, bytes: number): void {
    const body = Buffer.alloc(12);
    body.writeUInt32BE(index, 0);
    body.writeUInt32BE(offset, 4);
    body.writeUInt32BE(bytes, 8);
    this.#say(REQUEST, body);
  }

  close(): void {
    this.#socket.destroy();
  }

  #say(kind: number, body = Buffer.alloc(0)): void {
    const head = Buffer.alloc(5);
    head.writeUInt32BE(body.length + 1, 0);
    head.writeUInt8(kind, 4);
    this.#socket.write(Buffer.concat([head, body]));
  }

  /** The kinds of all messages so far. */
  #messages(): number[] {
    const kinds: number[] = [];
    for (let at = HANDSHAKE_BYTES; at + 4 < this.#received.length;) {
      const bytes = this.#received.readUInt32BE(at);
      if (bytes > 0) kinds.push(this.#received.readUInt8(at + 4));
      at += 4 + bytes;
    }
    return kinds;
  }
}
