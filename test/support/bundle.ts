// The running bundle, as `npm run test:bundle` brought it up: its port, its containers, and clients that use it by name.
import { execFileSync } from 'node:child_process';
import { request, type IncomingHttpHeaders } from 'node:http';
import { WebSocket } from 'ws';
import { root } from './repository.ts';

const WAIT_MS_MAX = 60_000;

export const port = Number(process.env['HTTP_PORT']);

/** Runs docker compose on the bundle under test and returns its standard output. */
export function compose(...args: readonly string[]): string {
  return composeWith(process.env, ...args);
}

export function composeWith(env: NodeJS.ProcessEnv, ...args: readonly string[]): string {
  return execFileSync('docker', ['compose', ...args], {
    cwd: root,
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

export function docker(...args: readonly string[]): string {
  return execFileSync('docker', args, { encoding: 'utf8' }).trim();
}

export const containerOf = (service: string): string => compose('ps', '--all', '--quiet', service).trim();

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** GET through nginx. The name goes into the Host header, since not every machine resolves names below localhost. */
export function get(host: string, path: string, at = port): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(
      // A connection of its own: one that was kept may end with the container behind it.
      { host: '127.0.0.1', port: at, path, headers: { host: `${host}:${at}` }, agent: false },
      (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (part: string) => (body += part));
        response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body }));
      },
    );
    sent.setTimeout(10_000, () => sent.destroy(new Error(`Cannot get ${path}: no answer after 10 s`)));
    sent.on('error', reject).end();
  });
}

/** Waits until `is` holds, asking again and again; a question that fails (a container is being made anew) is asked again too. */
export async function eventually<T>(
  what: string,
  ask: () => Promise<T>,
  is: (value: T) => boolean,
): Promise<T> {
  const untilMs = Date.now() + WAIT_MS_MAX;
  for (;;) {
    let found: string;
    try {
      const value = await ask();
      if (is(value)) return value;
      found = JSON.stringify(value);
    } catch (error) {
      found = String(error);
    }
    if (Date.now() > untilMs) throw new Error(`Cannot wait longer for ${what}: found ${found}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** A WebTorrent client in three lines: JSON in, JSON out. */
export class TrackerClient {
  readonly #socket: WebSocket;
  readonly #inbox: Record<string, unknown>[] = [];

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data: Buffer) =>
      this.#inbox.push(JSON.parse(data.toString('utf8')) as Record<string, unknown>),
    );
    socket.on('error', () => undefined); // its close says the same
  }

  static async open(host: string, at = port): Promise<TrackerClient> {
    const socket = new WebSocket(`ws://127.0.0.1:${at}/`, { headers: { host: `${host}:${at}` } });
    const client = new TrackerClient(socket);
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    return client;
  }

  send(message: object): void {
    this.#socket.send(JSON.stringify(message));
  }

  /** The next message that has this field. */
  next(field: string): Promise<Record<string, unknown>> {
    const take = (): Record<string, unknown> | undefined => {
      const at = this.#inbox.findIndex((message) => field in message);
      return at < 0 ? undefined : this.#inbox.splice(at, 1)[0];
    };
    return eventually(
      `a message with "${field}"`,
      () => Promise.resolve(take()),
      (message) => message !== undefined,
    ) as Promise<Record<string, unknown>>;
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  close(): void {
    this.#socket.terminate();
  }
}
