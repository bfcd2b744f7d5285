// A WebSocket client with no manners: raw bytes on a TCP connection, frames built by hand, nothing ever answered.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

const MASK = 0x33;

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9 } as const;

/** A frame as a client sends it (RFC 6455 §5.2); `claimedBytes` is the length that its header tells, true or not. */
export function frame(
  payload: Buffer | string,
  {
    opcode = OPCODE.text,
    isLast = true,
    claimedBytes,
  }: { opcode?: number; isLast?: boolean; claimedBytes?: number } = {},
): Buffer {
  const body = Buffer.from(payload);
  const length = claimedBytes ?? body.length;
  const first = (isLast ? 0x80 : 0) | opcode;
  let header: Buffer;
  if (length < 126) header = Buffer.from([first, 0x80 | length]);
  else if (length < 65_536) header = Buffer.from([first, 0x80 | 126, length >> 8, length & 255]);
  else {
    header = Buffer.alloc(10);
    header[0] = first;
    header[1] = 0x80 | 127;
    header.writeBigUInt64BE(BigInt(length), 2);
  }
  for (let at = 0; at < body.length; at++) body[at]! ^= MASK;
  return Buffer.concat([header, Buffer.alloc(4, MASK), body]);
}

export const upgradeRequest =
  'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';

export class RawClient {
  readonly socket: Socket;
  /** The last bytes that came, at most so many. */
  tail = Buffer.alloc(0);
  receivedBytes = 0;
  readonly closed: Promise<void>;
  #onData = (): void => undefined;

  private constructor(port: number) {
    this.socket = connect(port, '127.0.0.1');
    this.socket.on('error', () => undefined); // it will be cut off: that is the test
    this.socket.on('data', (bytes) => {
      this.receivedBytes += bytes.length;
      const all = Buffer.concat([this.tail, bytes]);
      this.tail = all;
      this.#onData();
      this.tail = all.subarray(-4_096);
    });
    this.closed = new Promise((resolve) => this.socket.once('close', () => resolve()));
  }

  /** A TCP connection, nothing sent yet. */
  static async connect(port: number): Promise<RawClient> {
    const client = new RawClient(port);
    await once(client.socket, 'connect');
    return client;
  }

  /** An open WebSocket. */
  static async open(port: number): Promise<RawClient> {
    const client = await RawClient.connect(port);
    client.socket.write(upgradeRequest);
    while (!client.tail.includes('\r\n\r\n') && !client.socket.destroyed) {
      await Promise.race([once(client.socket, 'data'), client.closed]);
    }
    return client;
  }

  get isOpen(): boolean {
    return !this.socket.destroyed && this.socket.writable;
  }

  /** Sends, and waits until the other end has taken it or has cut the connection. */
  async send(bytes: Buffer | string): Promise<void> {
    if (!this.isOpen || this.socket.write(bytes)) return;
    await Promise.race([once(this.socket, 'drain').catch(() => undefined), this.closed]);
  }

  /** Sends a ping and waits for what comes back: everything sent before has been dealt with then, or the connection is gone. */
  async settle(): Promise<void> {
    const mark = Buffer.from(`mark ${this.receivedBytes}`);
    const marked = new Promise<void>((resolve) => {
      this.#onData = () => {
        if (this.tail.includes(mark)) resolve();
      };
    });
    await this.send(frame(mark, { opcode: OPCODE.ping }));
    await Promise.race([marked, this.closed]);
  }

  close(): void {
    this.socket.destroy();
  }
}
