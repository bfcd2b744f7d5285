// A PeerJS client on the wire, without PeerJS: what it received, in order, and how it ended.
import { WebSocket, type ClientOptions } from 'ws';
import { untilWithin } from '../../../test/support/until.ts';

export interface Message {
  readonly type: string;
  readonly src?: string;
  readonly dst?: string;
  readonly payload?: unknown;
}

export class TestClient {
  readonly socket: WebSocket;
  readonly messages: Message[] = [];
  closeCode: number | undefined;
  /** The HTTP status where the upgrade was refused. */
  refusedWith: number | undefined;

  constructor(url: string, options: ClientOptions = {}) {
    this.socket = new WebSocket(url, { perMessageDeflate: false, ...options });
    this.socket.on('message', (data) => {
      this.messages.push(JSON.parse((data as Buffer).toString()) as Message);
    });
    this.socket.on('close', (code) => (this.closeCode = code));
    this.socket.on('unexpected-response', (request, response) => {
      this.refusedWith = response.statusCode;
      request.destroy();
      this.closeCode = 1006;
    });
    this.socket.on('error', () => undefined); // 'close' follows
  }

  send(message: unknown): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  of(type: string): Message[] {
    return this.messages.filter((message) => message.type === type);
  }

  /** The first message of this type, now or soon. */
  async receive(type: string): Promise<Message> {
    await until(`a message ${type}`, () => this.of(type).length > 0 || this.closeCode !== undefined);
    const [first] = this.of(type);
    if (first) return first;
    throw new Error(
      `Cannot receive ${type}: closed with ${this.closeCode ?? ''} (HTTP ${this.refusedWith ?? 'ok'})`,
    );
  }

  async closed(): Promise<number> {
    await until('a close', () => this.closeCode !== undefined);
    return this.closeCode!;
  }

  /** Resolves when the server has dealt with everything sent so far: its pong comes after. */
  async settled(): Promise<void> {
    let isAnswered = false;
    this.socket.once('pong', () => (isAnswered = true));
    this.socket.ping();
    await until('a pong', () => isAnswered || this.closeCode !== undefined);
  }
}

/** As long as an answer of a server of this process may take; that nothing comes is known after it. */
export const until = untilWithin(3_000);

export interface Identity {
  id: string;
  token?: string;
  key?: string;
}

export const signalingUrl = (port: number, { id, token = 'token', key = 'peerjs' }: Identity): string =>
  `ws://127.0.0.1:${port}/peerjs?${new URLSearchParams({ key, id, token, version: '1.5.5' }).toString()}`;

const opened: TestClient[] = [];

/** Starts connecting; what comes of it is the test's to see. */
export function connect(port: number, who: Identity | string, options?: ClientOptions): TestClient {
  const identity = typeof who === 'string' ? { id: who } : who;
  const client = new TestClient(signalingUrl(port, identity), options);
  opened.push(client);
  return client;
}

/** Connected, with OPEN received. */
export async function open(
  port: number,
  who: Identity | string,
  options?: ClientOptions,
): Promise<TestClient> {
  const client = connect(port, who, options);
  await client.receive('OPEN');
  return client;
}

/** For afterEach. */
export function disconnectAll(): void {
  for (const client of opened.splice(0)) client.socket.terminate();
}
