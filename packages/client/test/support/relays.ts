// A swarm of real relays on loopback, each a process of its own (two with PeerJS), that know each other; to kill, freeze and start again.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { programOf } from '../../../../test/support/compile.ts';
import { freePort } from '../../../../scripts/lib/free-port.mjs';

export interface RelaysOptions {
  /** A PeerJS server beside each tracker. */
  readonly hasPeerjs?: boolean;
}

export interface Relays {
  /** `ws://127.0.0.1:<port>` */
  readonly urls: readonly string[];
  /** SIGKILL, as a power cut. */
  kill(url: string): void;
  /** SIGSTOP: its sockets stay open and nothing answers. */
  freeze(url: string): void;
  thaw(url: string): void;
  /** SIGTERM, as an operator stops it. */
  drain(url: string): void;
  /** Begins again, on its port and with its key, after a kill or a drain; resolves when every relay lists it. */
  restart(url: string): Promise<void>;
  /** Waits until every running relay lists all running ones as healthy. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

const UP_MS_MAX = 20_000;
const KNOWN_MS_MAX = 60_000;

interface Started {
  readonly url: string;
  readonly folder: string;
  readonly commands: readonly { readonly program: string; readonly env: Readonly<Record<string, string>> }[];
  children: ChildProcess[];
  output: string;
  isFrozen: boolean;
}

const httpOf = (url: string): string => url.replace('ws:', 'http:');

/** @param settings of the trackers, beside those that make them a swarm */
export async function startRelays(
  count: number,
  settings: Readonly<Record<string, string>> = {},
  options: RelaysOptions = {},
): Promise<Relays> {
  const tracker = await programOf('tracker/src/main.ts');
  const peerjs = options.hasPeerjs === true ? await programOf('peerjs/src/main.ts') : undefined;
  const started: Started[] = [];
  for (let i = 0; i < count; i++) {
    const [port, peerjsPort] = [await freePort(), await freePort()];
    const folder = await mkdtemp(join(tmpdir(), 'client-relay-'));
    const trackerEnv = {
      DATA_DIR: folder,
      TRACKER_PORT: String(port),
      TRACKER_DHT_ENABLED: 'false',
      TRACKER_PUBLIC_URL: `ws://127.0.0.1:${port}`,
      RELAY_ALLOW_PRIVATE: 'true',
      RELAY_PER_ADDRESS_MAX: '16',
      RELAY_STATUS_SECONDS: '1',
      RELAY_RETRY_SECONDS_MAX: '5',
      // A machine that runs all of this and more is busy for other reasons than its visitors.
      RELAY_BUSY_LOAD: '0.88',
      RELAY_FULL_LOAD: '0.99',
      RELAY_EVENT_LOOP_DELAY_FULL_MS: '10000',
      ...(peerjs !== undefined && { RELAY_PEERJS_URL: `http://127.0.0.1:${peerjsPort}` }),
      ...settings,
      RELAY_BOOTSTRAP: started.map(({ url }) => httpOf(url)).join(','),
    };
    const relay: Started = {
      url: `ws://127.0.0.1:${port}`,
      folder,
      commands: [
        { program: tracker, env: trackerEnv },
        ...(peerjs === undefined
          ? []
          : [
              { program: peerjs, env: { DATA_DIR: join(folder, 'peerjs'), PEERJS_PORT: String(peerjsPort) } },
            ]),
      ],
      children: [],
      output: '',
      isFrozen: false,
    };
    started.push(relay);
    await up(relay);
  }
  const find = (url: string): Started => started.find((relay) => relay.url === url)!;
  const signal = (url: string, name: NodeJS.Signals): void => {
    for (const child of find(url).children) child.kill(name);
  };
  const settled = async (): Promise<void> => {
    const running = started.filter((relay) => isRunning(relay) && !relay.isFrozen);
    const untilMs = Date.now() + KNOWN_MS_MAX;
    for (;;) {
      const counts = await Promise.all(running.map(({ url }) => healthyAt(url)));
      if (counts.every((found) => found === running.length)) return;
      if (Date.now() > untilMs)
        throw new Error(
          `Waited too long for ${running.length} relays: they list ${counts.join(', ')}; ${started.map(({ output }) => output).join('\n')}`,
        );
      await pause(100);
    }
  };
  await settled();
  return {
    urls: started.map(({ url }) => url),
    kill: (url) => signal(url, 'SIGKILL'),
    drain: (url) => signal(url, 'SIGTERM'),
    freeze: (url) => {
      find(url).isFrozen = true;
      signal(url, 'SIGSTOP');
    },
    thaw: (url) => {
      find(url).isFrozen = false;
      signal(url, 'SIGCONT');
    },
    restart: async (url) => {
      const relay = find(url);
      await Promise.all(relay.children.map(ended));
      await up(relay);
      await settled();
    },
    settled,
    stop: async () => {
      for (const relay of started) for (const child of relay.children) child.kill('SIGKILL'); // ends frozen ones too
      await Promise.all(started.flatMap(({ children }) => children.map(ended)));
      await Promise.all(started.map(({ folder }) => rm(folder, { recursive: true, force: true })));
    },
  };
}

async function up(relay: Started): Promise<void> {
  relay.children = relay.commands.map(({ program, env }) => {
    const child = spawn(process.execPath, [program], {
      cwd: relay.folder,
      env: { PATH: process.env['PATH'], LOG_LEVEL: 'warn', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr])
      stream
        .setEncoding('utf8')
        .on('data', (text: string) => (relay.output = (relay.output + text).slice(-5_000)));
    return child;
  });
  const ports = relay.commands.map(({ env }) => env['TRACKER_PORT'] ?? env['PEERJS_PORT']);
  for (const untilMs = Date.now() + UP_MS_MAX; ;) {
    const answers = await Promise.all(
      ports.map((port) =>
        fetch(`http://127.0.0.1:${port}/`).then(
          () => true,
          () => false,
        ),
      ),
    );
    if (answers.every(Boolean)) return;
    if (!isRunning(relay) || Date.now() > untilMs) throw new Error(`Cannot start a relay: ${relay.output}`);
    await pause(50);
  }
}

async function healthyAt(url: string): Promise<number> {
  const response = await fetch(`${httpOf(url)}/relays.json`).catch(() => undefined);
  if (response === undefined) return 0;
  const { relays } = (await response.json()) as { relays: { state: string }[] };
  return relays.filter(({ state }) => state === 'ok' || state === 'busy').length;
}

const isRunning = ({ children }: Started): boolean =>
  children.every(({ exitCode, signalCode }) => exitCode === null && signalCode === null);
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}
