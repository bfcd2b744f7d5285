// Each service as it ships, in a process of its own, with the memory that compose gives it.
import { defaultBudgetBytes } from '@relay-swarm/net';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { freePort } from '../../scripts/lib/free-port.mjs';
import { compileProgram } from '../support/compile.mjs';
import { readRepositoryFile } from '../support/repository.ts';
import type { Environment } from '@relay-swarm/kit';
import type { ServiceName, Target } from './attack.ts';
import { createMemoryGroup, type MemoryGroup } from './memory-group.ts';
import { onCore, prefer, PRIORITY } from './processes.ts';

const START_MS_MAX = 20_000;
/** Its variables for where it listens. */
const PORTS: Readonly<Record<ServiceName, (port: number, httpPort: number) => Environment>> = {
  tracker: (port) => ({ TRACKER_PORT: String(port), TRACKER_PUBLIC_URL: `ws://127.0.0.1:${port}` }),
  peerjs: (port) => ({ PEERJS_PORT: String(port) }),
  gun: (port) => ({ GUN_PORT: String(port) }),
  // Loopback is where its peers are.
  stun: (port, httpPort) => ({
    STUN_PORT: String(port),
    STUN_HTTP_PORT: String(httpPort),
    STUN_LISTEN_ADDRESSES: '127.0.0.1',
    STUN_ALLOWED_PEERS: '127.0.0.0/8',
    PUBLIC_IP: '127.0.0.1',
  }),
};

export interface RunningService extends Target {
  readonly memoryLimitBytes: number;
  /** How memory is limited and measured. */
  readonly memoryBy: 'cgroup' | 'VmHWM';
  readonly isAlive: boolean;
  readonly output: string;
  /** What must not have happened beside that. */
  readonly faults: readonly string[];
  peakBytes(): number;
  stop(): Promise<void>;
}

const programs = new Map<ServiceName, Promise<string>>();
const programOf = (name: ServiceName): Promise<string> => {
  const program = programs.get(name) ?? compileProgram(`${name}/src/main.ts`);
  programs.set(name, program);
  return program;
};

/** At the end of the run. */
export async function removePrograms(): Promise<void> {
  for (const program of programs.values()) rmSync(dirname(await program), { recursive: true, force: true });
}

/** What compose lets the service have. */
function composeMemoryBytes(name: ServiceName): number {
  const compose = readRepositoryFile('docker-compose.yml');
  const block = compose.slice(compose.indexOf(`\n  ${name}:\n`));
  const [, amount = '', unit = ''] = /memory: (\d+)([MG])/.exec(block) ?? [];
  return Number(amount) * (unit === 'G' ? 2 ** 30 : 2 ** 20);
}

export async function startService(
  name: ServiceName,
  settings: Environment,
  tell: (line: string) => void,
): Promise<RunningService> {
  const folder = mkdtempSync(join(tmpdir(), 'attacked-'));
  const program = await programOf(name);
  const httpPort = await freePort();
  // Below the ports that systems hand out: TURN's must be free for UDP as well.
  const port = name === 'stun' ? 12_000 + Math.floor(Math.random() * 8_000) : httpPort;
  const memoryLimitBytes = composeMemoryBytes(name);
  const group = createMemoryGroup(`relay-swarm-attack-${process.pid}`, memoryLimitBytes, (reason) =>
    tell(`no memory limit by the kernel (${reason}): VmHWM is measured against it`),
  );
  const budget = { [`${name.toUpperCase()}_BUDGET_BYTES_MAX`]: String(defaultBudgetBytes(memoryLimitBytes)) };
  const env = {
    PATH: process.env['PATH'],
    NODE_OPTIONS: process.env['ATTACKED_NODE_OPTIONS'],
    DATA_DIR: folder,
    LOG_LEVEL: 'warn',
    ...PORTS[name](port, httpPort),
    ...(group === undefined && budget),
    ...settings,
  };
  const child = spawnIn(group, program, folder, env);
  prefer(child, PRIORITY.measured);
  let output = '';
  for (const stream of [child.stdout!, child.stderr!])
    stream.setEncoding('utf8').on('data', (text: string) => (output = (output + text).slice(-20_000)));
  const isAlive = (): boolean => child.exitCode === null && child.signalCode === null;
  let peak = 0;
  // For where there is no group: what the kernel has seen until the process ends.
  const watch = setInterval(() => (peak = Math.max(peak, residentPeak(child.pid!))), 200);
  const stop = async (): Promise<void> => {
    clearInterval(watch);
    if (isAlive()) {
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      await exit;
    }
    group?.remove();
    rmSync(folder, { recursive: true, force: true });
  };
  for (const untilMs = performance.now() + START_MS_MAX; !(await isHealthy(httpPort));) {
    if (!isAlive() || performance.now() > untilMs) {
      await stop();
      throw new Error(`Cannot start ${name}: ${output}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    port,
    httpPort,
    memoryLimitBytes,
    memoryBy: group === undefined ? 'VmHWM' : 'cgroup',
    faults: [],
    get isAlive() {
      return isAlive() && group?.hasKilled() !== true;
    },
    get output() {
      return output;
    },
    peakBytes: () => group?.peakBytes() ?? Math.max(peak, residentPeak(child.pid!)),
    stop,
  };
}

function spawnIn(
  group: MemoryGroup | undefined,
  program: string,
  folder: string,
  env: Environment,
): ChildProcess {
  const enter = group === undefined ? '' : `echo $$ > '${group.processesFile}' && `;
  return spawn('sh', ['-c', `${enter}exec "$@"`, 'sh', ...onCore(0), '--enable-source-maps', program], {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

function residentPeak(pid: number): number {
  try {
    const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return Number(kilobytes ?? 0) * 1024;
  } catch {
    return 0; // it has ended
  }
}

const isHealthy = (port: number): Promise<boolean> =>
  fetch(`http://127.0.0.1:${port}/healthz`).then(
    (response) => response.ok,
    () => false,
  );
