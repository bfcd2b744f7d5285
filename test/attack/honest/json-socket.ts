// A WebSocket of an honest client, from an address of its own: JSON out, JSON in.
import { WebSocket } from 'ws';
import { ROUND_MS_MAX } from '../journal.ts';

export type Received = Readonly<Record<string, unknown>>;

export class JsonSocket {
  readonly #socket: WebSocket;
  readonly #received: Received[] = [];
  readonly #waiting = new Set<() => void>();
  #end: string | undefined;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    const wake = (): void => this.#waiting.forEach((one) => one());
    socket.on('message', (data: Buffer) => {
      const value = JSON.parse(data.toString()) as Received | Received[];
      this.#received.push(...[value].flat());
      wake();
    });
    socket.on('error', (error) => {
      this.#end = error.message;
      wake();
    });
    socket.on('close', (code, reason) => {
      this.#end ??= `closed with ${code} ${reason.toString()}`;
      wake();
    });
  }

  /** `host`: the name that is asked for, where the URL has an address. */
  static async open(url: string, localAddress: string, host?: string): Promise<JsonSocket> {
    const headers = host === undefined ? {} : { host };
    const socket = new WebSocket(url, { localAddress, headers, perMessageDeflate: false });
    const json = new JsonSocket(socket);
    await json.#until(() => socket.readyState === WebSocket.OPEN, socket);
    return json;
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  send(message: unknown): void {
    this.#socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  /** The first message that fits, now or soon; those before it are dropped. */
  async take(fits: (message: Received) => boolean): Promise<Received> {
    let found: Received | undefined;
    await this.#until(() => {
      found = this.#received.find(fits);
      return found !== undefined;
    });
    this.#received.splice(0, this.#received.indexOf(found!) + 1);
    return found!;
  }

  close(): void {
    this.#socket.terminate();
  }

  async #until(holds: () => boolean, opening?: WebSocket): Promise<void> {
    const untilMs = performance.now() + ROUND_MS_MAX;
    while (!holds()) {
      if (this.#end !== undefined) throw new Error(this.#end);
      const leftMs = untilMs - performance.now();
      if (leftMs <= 0) throw new Error('no answer in time');
      await new Promise<void>((resolve) => {
        const timer = setTimeout(done, leftMs);
        const waiting = this.#waiting;
        function done(): void {
          clearTimeout(timer);
          waiting.delete(done);
          resolve();
        }
        waiting.add(done);
        opening?.once('open', done);
      });
    }
  }
}
