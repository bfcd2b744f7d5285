// A connection with no manners, made for many of them: bytes out as fast as they are taken, what comes is counted and dropped.
import { connect, type Socket } from 'node:net';
import { ATTACKERS, CONNECTIONS } from './attack.ts';

const OPEN_MS_MAX = 5_000;
/** What the attackers of this process did, so that a table shows that there was an attack. */
export const did = { opened: 0, sentBytes: 0, failures: new Map<string, number>() };

/** Between two tries of one attacker, so that connecting is not all that it does. */
const PAUSE_MS = 50;

export class RawSocket {
  readonly socket: Socket;
  readonly closed: Promise<void>;
  receivedBytes = 0;
  /** Called with all that comes. */
  onData: (bytes: Buffer) => void = () => undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('error', () => undefined); // it will be cut off: that is the test
    socket.on('data', (bytes: Buffer) => {
      this.receivedBytes += bytes.length;
      this.onData(bytes);
    });
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
  }

  /** A TCP connection. Throws where there is none in time. */
  static async connect(port: number, address: string): Promise<RawSocket> {
    const raw = new RawSocket(connect({ port, host: '127.0.0.1', localAddress: address, noDelay: true }));
    await raw.#until((done) => raw.socket.once('connect', done));
    did.opened++;
    return raw;
  }

  /** An open WebSocket. Throws where the server refuses it. */
  static async open(port: number, address: string, path = '/', headers = ''): Promise<RawSocket> {
    const raw = await RawSocket.connect(port, address);
    let head = '';
    const answered = raw.#until((done) => {
      raw.onData = (bytes) => {
        head += bytes.toString('latin1');
        if (head.includes('\r\n\r\n')) done();
      };
    });
    raw.socket.write(upgradeRequest(path, headers));
    await answered;
    raw.onData = () => undefined;
    if (!head.startsWith('HTTP/1.1 101')) {
      raw.socket.destroy();
      throw new Error(`Cannot open a WebSocket: found ${head.slice(9, 12)}`);
    }
    return raw;
  }

  get isOpen(): boolean {
    return !this.socket.destroyed && this.socket.writable;
  }

  /** Resolves when the other end has taken it, or the connection is gone. */
  async send(bytes: Buffer | string): Promise<void> {
    if (!this.isOpen) return;
    did.sentBytes += bytes.length;
    // Always a turn of the event loop, or one attacker would keep the others from theirs.
    if (this.socket.write(bytes)) return new Promise((resolve) => setImmediate(resolve));
    await Promise.race([new Promise((resolve) => this.socket.once('drain', resolve)), this.closed]);
  }

  async #until(register: (done: () => void) => void): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const isDone = await Promise.race([
      new Promise<boolean>((resolve) => register(() => resolve(true))),
      this.closed.then(() => false),
      new Promise<boolean>((resolve) => (timer = setTimeout(() => resolve(false), OPEN_MS_MAX))),
    ]);
    clearTimeout(timer);
    if (isDone) return;
    this.socket.destroy();
    throw new Error('Cannot connect');
  }
}

/** `headers` are further lines, each with its end. */
export const upgradeRequest = (path: string, headers = ''): string =>
  `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${headers}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`;

/** So many attackers from all addresses, each of which does this again and again, whatever the service does to it. Never resolves. */
export async function crowd(
  act: (attacker: { readonly index: number; readonly address: string }) => Promise<void>,
  count = CONNECTIONS,
): Promise<never> {
  const one = async (index: number): Promise<never> => {
    for (;;) {
      await act({ index, address: ATTACKERS[index % ATTACKERS.length]! }).catch((error: unknown) => {
        const why = error instanceof Error ? error.message : String(error);
        did.failures.set(why, (did.failures.get(why) ?? 0) + 1);
      });
      await pause(PAUSE_MS);
    }
  };
  await Promise.all(Array.from({ length: count }, (_, index) => one(index)));
  throw new Error('unreachable');
}

/** A crowd of WebSockets. */
export const webSockets = (
  port: number,
  act: (socket: RawSocket, index: number) => Promise<void>,
  {
    path = () => '/',
    headers = () => '',
    count = CONNECTIONS,
  }: { path?: (index: number) => string; headers?: (index: number) => string; count?: number } = {},
): Promise<never> =>
  crowd(async ({ index, address }) => {
    const socket = await RawSocket.open(port, address, path(index), headers(index));
    try {
      await act(socket, index);
    } finally {
      socket.socket.destroy();
    }
  }, count);

export const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));
