// The bundle under test as a person at its machine sees it: containers, their processes, their networks, volumes and clock.
import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { appendFile, chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { testBundle } from '../../scripts/lib/bundle.mjs';
import { root } from '../support/repository.ts';
import { get } from '../support/bundle.ts';

export type Service = 'nginx' | 'tracker' | 'peerjs' | 'stun' | 'gun' | 'neighbour';

const run = promisify(execFile);
const DATA_MEGABYTES = 4;
/** Debian's libfaketime: lets the services' clock jump without the machine's. */
const FAKETIME = '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1';

export class Bundle {
  readonly port: number;
  readonly stunPort: number;
  readonly hasClock = existsSync(FAKETIME);
  readonly #env: NodeJS.ProcessEnv;
  readonly #folder: string;

  private constructor(env: NodeJS.ProcessEnv, folder: string) {
    this.#env = env;
    this.#folder = folder;
    this.port = Number(env['HTTP_PORT']);
    this.stunPort = Number(env['STUN_PORT']);
  }

  /** Brings it up under a name of its own, with a second relay beside it, a small disk, and a clock that can be set. */
  static async up(): Promise<Bundle> {
    const { env } = await testBundle();
    const folder = await mkdtemp(join(tmpdir(), 'relay-swarm-faults-'));
    await chmod(folder, 0o755); // the services are not root
    await writeFile(join(folder, 'clock'), '+0');
    const override = join(folder, 'faults.yml');
    await writeFile(override, overrideFor(folder));
    const files = { COMPOSE_FILE: `docker-compose.yml:${override}`, COMPOSE_PROFILES: 'gun' };
    const bundle = new Bundle({ ...env, ...files, RELAY_SWARM_VERSION: 'faults' }, folder);
    try {
      bundle.#shown('up', '--build', '--detach', '--wait', '--wait-timeout', '180');
    } catch (error) {
      process.stderr.write(await bundle.compose('logs', '--no-color', '--tail', '20'));
      await bundle.down();
      throw error;
    }
    return bundle;
  }

  /** The bundle that is up already, as the tests of the bundle have it: no second relay, no small disk, no clock of its own. */
  static running(env: NodeJS.ProcessEnv): Bundle {
    return new Bundle({ ...env, COMPOSE_PROFILES: 'gun' }, '');
  }

  async down(): Promise<void> {
    this.#shown('down', '--volumes', '--remove-orphans', '--timeout', '5');
    await rm(this.#folder, { recursive: true, force: true });
  }

  async compose(...args: readonly string[]): Promise<string> {
    const { stdout } = await run('docker', ['compose', ...args], { cwd: root, env: this.#env });
    return stdout.trim();
  }

  async docker(...args: readonly string[]): Promise<string> {
    const { stdout } = await run('docker', [...args]);
    return stdout.trim();
  }

  containerOf(service: Service): Promise<string> {
    return this.compose('ps', '--all', '--quiet', service);
  }

  async restartsOf(service: Service): Promise<number> {
    return Number(
      await this.docker('inspect', '--format', '{{.RestartCount}}', await this.containerOf(service)),
    );
  }

  /** As a crash: the process below the container's init is gone, and Docker starts it again. */
  async crash(service: Service): Promise<void> {
    await this.compose('exec', '-T', service, 'bash', '-c', 'kill -KILL $(cat /proc/1/task/1/children)');
  }

  async freeze(service: Service, forMs: number): Promise<void> {
    await this.compose('pause', service);
    await pause(forMs);
    await this.compose('unpause', service);
  }

  /** Takes the container off the network between the services, and gives it back its name there. */
  async cutOff(service: Service, forMs: number): Promise<void> {
    const network = `${this.#env['COMPOSE_PROJECT_NAME']}_edge`;
    const container = await this.containerOf(service);
    await this.docker('network', 'disconnect', network, container);
    await pause(forMs);
    await this.docker('network', 'connect', '--alias', service, network, container);
  }

  async restart(service: Service): Promise<void> {
    await this.compose('restart', service);
  }

  /** All memory that the container may have is taken: the kernel ends the service, and Docker starts it again. */
  async takeMemory(service: Service): Promise<void> {
    const init = await this.#pidOf(service);
    const [pid = ''] = (await readFile(`/proc/${init}/task/${init}/children`, 'utf8')).split(' ');
    // The kernel would end the greedy process, which is larger.
    await writeFile(`/proc/${pid}/oom_score_adj`, '1000');
    const before = await this.restartsOf(service);
    await this.compose('exec', '-T', service, 'tail', '/dev/zero').catch(() => undefined);
    await until(
      `the restart of ${service}`,
      10,
      () => this.restartsOf(service),
      (restarts) => restarts > before,
    );
  }

  /** The volume that the services share has no room left. */
  async fillDisk(forMs: number): Promise<void> {
    const filler = '/data/filler';
    await this.compose('exec', '-T', 'tracker', 'bash', '-c', `cat /dev/zero >${filler} || true`);
    const probe = 'if echo x >/data/probe; then echo room; else echo full; fi 2>/dev/null';
    const found = await this.compose('exec', '-T', 'tracker', 'bash', '-c', probe);
    await pause(forMs);
    await this.compose('exec', '-T', 'tracker', 'rm', '-f', filler, '/data/probe');
    if (found !== 'full') throw new Error(`Cannot fill the disk: found ${found}`);
  }

  /** Docker's resolver answers nobody in these containers. */
  async loseNames(services: readonly Service[], forMs: number): Promise<void> {
    const rule = ['OUTPUT', '--destination', '127.0.0.11', '--jump', 'DROP'];
    const inside = async (service: Service, action: string): Promise<void> => {
      await run('nsenter', ['--net', '--target', await this.#pidOf(service), 'iptables', action, ...rule]);
    };
    for (const service of services) await inside(service, '--insert');
    await pause(forMs);
    for (const service of services) await inside(service, '--delete');
  }

  /** Sets the services' clock so many seconds off, for a while. */
  async jumpClock(seconds: number, forMs: number): Promise<void> {
    const off = async (): Promise<number> =>
      Number(await this.compose('exec', '-T', 'tracker', 'date', '+%s')) - Date.now() / 1_000;
    await writeFile(join(this.#folder, 'clock'), `+${seconds}`);
    await until('the clock that jumped', 5, off, (found) => Math.abs(found - seconds) < 5);
    await pause(forMs);
    await writeFile(join(this.#folder, 'clock'), '+0');
  }

  async logsTo(file: string): Promise<void> {
    await appendFile(file, await this.compose('logs', '--no-color', '--timestamps'));
  }

  /** The URLs of the relays that pages are told of. */
  async roster(): Promise<readonly string[]> {
    const { relays } = JSON.parse((await get('localhost', '/relays.json', this.port)).body) as {
      relays: { url: string }[];
    };
    return relays.map(({ url }) => url);
  }

  /** Of the container's init, as the machine numbers it. */
  async #pidOf(service: Service): Promise<string> {
    return this.docker('inspect', '--format', '{{.State.Pid}}', await this.containerOf(service));
  }

  #shown(...args: readonly string[]): void {
    const { status } = spawnSync('docker', ['compose', ...args], {
      cwd: root,
      env: this.#env,
      stdio: 'inherit',
    });
    if (status !== 0) throw new Error(`Cannot go on: docker compose ${args.join(' ')} ended with ${status}`);
  }
}

function overrideFor(folder: string): string {
  const clock = existsSync(FAKETIME);
  const environment = clock
    ? {
        LD_PRELOAD: '/faketime.so',
        FAKETIME_TIMESTAMP_FILE: '/clock/clock',
        FAKETIME_CACHE_DURATION: '1',
        FAKETIME_DONT_FAKE_MONOTONIC: '1',
      }
    : {};
  const volumes = clock ? [`${FAKETIME}:/faketime.so:ro`, `${folder}:/clock:ro`] : [];
  const swarm = { RELAY_ALLOW_PRIVATE: 'true', RELAY_STATUS_SECONDS: '2' };
  return JSON.stringify({
    services: {
      tracker: {
        volumes,
        environment: {
          ...environment,
          ...swarm,
          TRACKER_PUBLIC_URL: 'ws://tracker:8000',
          RELAY_BOOTSTRAP: 'http://neighbour:8000',
        },
      },
      peerjs: { volumes, environment },
      stun: { volumes, environment },
      gun: { volumes, environment },
      neighbour: {
        extends: { file: join(root, 'docker-compose.yml'), service: 'tracker' },
        environment: {
          ...swarm,
          TRACKER_PUBLIC_URL: 'ws://neighbour:8000',
          RELAY_BOOTSTRAP: 'http://tracker:8000',
        },
        volumes: ['neighbour:/data', 'neighbour-identity:/identity'],
      },
    },
    volumes: {
      data: {
        driver_opts: {
          type: 'tmpfs',
          device: 'tmpfs',
          o: `size=${DATA_MEGABYTES}m,uid=1000,gid=1000,mode=0755`,
        },
      },
      neighbour: {},
      'neighbour-identity': {},
    },
  });
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until it holds, and says what was found where it does not. */
export async function until<T>(
  what: string,
  secondsMax: number,
  ask: () => Promise<T>,
  is: (found: T) => boolean,
): Promise<T> {
  const untilMs = performance.now() + secondsMax * 1_000;
  for (;;) {
    const found = await ask();
    if (is(found)) return found;
    if (performance.now() > untilMs)
      throw new Error(`Cannot wait longer for ${what}: found ${JSON.stringify(found)} after ${secondsMax} s`);
    await pause(250);
  }
}
