// A client made by hand, for frames that no library at hand writes: JSON out, JSON in, kept in the order of arrival.
import { once } from 'node:events';
import { WebSocket } from 'ws';

const WAIT_MS_MAX = 15_000;

export type Received = Readonly<Record<string, unknown>>;

export class HandClient {
  readonly socket: WebSocket;
  readonly received: Received[] = [];
  #arrived: () => void = () => undefined;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data: Buffer) => {
      this.received.push(JSON.parse(data.toString('utf8')) as Received);
      this.#arrived();
    });
    socket.on('error', () => undefined); // its close tells the rest
  }

  static async open(url: string): Promise<HandClient> {
    const client = new HandClient(new WebSocket(url));
    await once(client.socket, 'open');
    return client;
  }

  send(message: unknown): void {
    this.socket.send(JSON.stringify(message));
  }

  /** Takes the first message that fits out of `received`, waiting for it if need be. */
  async take(what: string, fits: (message: Received) => boolean, waitMs = WAIT_MS_MAX): Promise<Received> {
    const untilMs = performance.now() + waitMs;
    for (;;) {
      const at = this.received.findIndex(fits);
      if (at >= 0) return this.received.splice(at, 1)[0]!;
      const leftMs = untilMs - performance.now();
      if (leftMs <= 0 || this.socket.readyState !== WebSocket.OPEN) {
        throw new Error(`Cannot wait longer for ${what}: found ${JSON.stringify(this.received)}`);
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(leftMs, 100));
        this.#arrived = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  takeReply(): Promise<Received> {
    return this.take('a reply', (message) => 'interval' in message || 'failure reason' in message);
  }
  takeOffer(): Promise<Received> {
    return this.take('an offer', (message) => 'offer' in message);
  }
  takeAnswer(): Promise<Received> {
    return this.take('an answer', (message) => 'answer' in message);
  }

  close(): void {
    this.socket.terminate();
  }
}
