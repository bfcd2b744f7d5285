// A tracker in a process of its own, compiled from the sources of this moment: for tests that ask whether it lives and what memory it takes.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Environment } from '@relay-swarm/kit';
import { compileProgram } from '../../../test/support/compile.mjs';
import { freePort } from '../../../scripts/lib/free-port.mjs';

const START_MS_MAX = 10_000;

export interface TrackerProcess {
  readonly port: number;
  /** `ws://<host>:<port>` */
  readonly url: string;
  readonly isAlive: boolean;
  readonly pid: number;
  /** What it wrote to standard error and to its log. */
  readonly output: string;
  /** One of its metrics, without labels. */
  metric(name: string): Promise<number>;
  /** Ends it as a power cut would. */
  kill(): void;
  /** Stops it in its tracks: its sockets stay open and nothing answers. */
  freeze(): void;
  /** Lets it go on. */
  thaw(): void;
  /** Ends it as an operator would; resolves with its exit code. */
  stop(): Promise<number | null>;
}

export interface TrackerPlace {
  /** Any that is free, unless it comes back to one. */
  readonly port?: number;
  /** A namespace (test/support/namespace.ts) and its address as seen from here. */
  readonly machine?: { readonly pid: number; readonly host: string };
}

/** Its settings, which may depend on its port. */
export async function spawnTracker(
  settings: Environment | ((port: number) => Environment) = {},
  at: TrackerPlace = {},
): Promise<TrackerProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'tracker-process-'));
  const program = await compileProgram('tracker/src/main.ts');
  const port = at.port ?? (await freePort());
  const host = at.machine?.host ?? '127.0.0.1';
  const env = typeof settings === 'function' ? settings(port) : settings;
  const inside = at.machine === undefined ? [] : ['nsenter', `--target=${at.machine.pid}`, '--net'];
  const [command, ...args] = [...inside, process.execPath, program];
  const child = spawn(command, args, {
    cwd: folder,
    env: {
      PATH: process.env['PATH'],
      DATA_DIR: folder,
      TRACKER_PORT: String(port),
      TRACKER_HOST: host,
      LOG_LEVEL: 'warn',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output = (output + text).slice(-10_000)));
  }
  const isAlive = (): boolean => child.exitCode === null && child.signalCode === null;
  const url = `http://${host}:${port}`;
  for (const untilMs = performance.now() + START_MS_MAX; ;) {
    if (
      await fetch(`${url}/healthz`).then(
        (response) => response.ok,
        () => false,
      )
    )
      break;
    if (!isAlive() || performance.now() > untilMs) throw new Error(`Cannot start the tracker: ${output}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    port,
    url: url.replace('http', 'ws'),
    pid: child.pid!,
    get isAlive() {
      return isAlive();
    },
    get output() {
      return output;
    },
    metric: async (name) => {
      const text = await (await fetch(`${url}/metrics`)).text();
      const line = text.split('\n').find((one) => one.startsWith(`${name} `));
      if (line === undefined) throw new Error(`Cannot read metric ${name}: found none of this name`);
      return Number(line.slice(name.length + 1));
    },
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    kill: () => void child.kill('SIGKILL'),
    stop: async () => {
      await end(child);
      await Promise.all([
        rm(folder, { recursive: true, force: true }),
        rm(dirname(program), { recursive: true, force: true }),
      ]);
      return child.exitCode;
    },
  };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await exit;
  clearTimeout(timer);
}
