// nginx as it is shipped, with TLS and an ECDSA certificate, in front of a server of the bench: the image where there is one (`docker compose
// build nginx`), and else this machine's nginx, which may be older. The configuration comes from the templates beside us, in both cases.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../scripts/lib/free-port.mjs';

const IMAGES = ['relay-swarm/nginx:local', 'relay-swarm/nginx:test'];
const nginxFolder = join(import.meta.dirname, '..', '..', 'nginx');

const image = IMAGES.find((name) => spawnSync('docker', ['image', 'inspect', name]).status === 0);

export const frontVersion = () =>
  (image === undefined
    ? spawnSync('nginx', ['-v'], { encoding: 'utf8' })
    : spawnSync('docker', ['run', '--rm', image, 'nginx', '-v'], { encoding: 'utf8' })
  ).stderr?.trim() ?? 'no nginx';

export const hasFront = () => image !== undefined || spawnSync('nginx', ['-v']).status === 0;

/** Starts it on core 0. `tlsPort` is where clients come; `pids` are its workers. */
export async function startFront(trackerPort, settings = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'front-bench-'));
  chmodSync(folder, 0o755);
  for (const name of ['data', 'acme', 'site']) mkdirSync(join(folder, name));
  const [httpPort, tlsPort, turnsPort, healthPort, metricsPort] = await Promise.all(
    Array.from({ length: 5 }, () => freePort()),
  );
  const env = {
    PATH: process.env.PATH,
    NGINX_FORM: 'tls',
    TRACKER_NAMES: 'localhost',
    PEERJS_NAMES: 'peerjs.localhost',
    TRACKER_UPSTREAM: `127.0.0.1:${trackerPort}`,
    NGINX_HTTP_PORT: String(httpPort),
    NGINX_TLS_PORT: String(tlsPort),
    NGINX_TURNS_PORT: String(turnsPort),
    NGINX_HEALTH_PORT: String(healthPort),
    NGINX_METRICS_PORT: String(metricsPort),
    NGINX_ACCESS_LOG: '/dev/null',
    NGINX_WORKERS: '1',
    NGINX_CONNECTIONS_MAX: '19000',
    // The load asks for more than any client may.
    NGINX_CONNECTIONS_PER_ADDRESS_MAX: '50000',
    NGINX_REQUESTS_PER_SECOND_MAX: '100000',
    NGINX_REQUESTS_BURST: '100000',
    SITE_DIR: join(folder, 'site'),
    DATA_DIR: join(folder, 'data'),
    ACME_DIR: join(folder, 'acme'),
    TLS_DIR: join(folder, 'tls'),
    ...settings,
  };
  const script = `umask 022; ${nginxFolder}/tls-placeholder.sh ${folder}/tls && ${nginxFolder}/render.sh ${folder} && exec nginx -e stderr -p ${folder} -c ${folder}/nginx.conf -g 'daemon off;'`;
  const name = `front-bench-${process.pid}-${tlsPort}`;
  const child =
    image === undefined
      ? spawn('taskset', ['-c', '0', 'bash', '-c', script], { env, stdio: ['ignore', 'ignore', 'inherit'] })
      : spawn(
          'docker',
          [
            ...[
              'run',
              '--rm',
              '--init',
              '--name',
              name,
              '--network',
              'host',
              '--cpuset-cpus',
              '0',
              '--user',
              '0',
            ],
            ...(process.env.BENCH_FRONT_ARGS?.split(' ') ?? []),
            ...['-v', `${nginxFolder}:${nginxFolder}:ro`, '-v', `${folder}:${folder}`],
            ...Object.entries(env).flatMap(([key, value]) =>
              key === 'PATH' ? [] : ['-e', `${key}=${value}`],
            ),
            ...[image, 'bash', '-c', script],
          ],
          { stdio: ['ignore', 'ignore', 'inherit'] },
        );
  const left = new Promise((resolve) => child.once('exit', resolve));
  const stop = async () => {
    if (image === undefined) child.kill('SIGTERM');
    else execFileSync('docker', ['kill', name], { stdio: 'ignore' });
    await left;
    rmSync(folder, { recursive: true, force: true });
  };
  for (let tries = 0; !(await isUp(healthPort)); tries++) {
    if (child.exitCode !== null || tries > 200) throw new Error('Cannot go on: nginx did not start');
    await sleep(50);
  }
  return { tlsPort, folder, stop, pids: workersOf(`${folder}/nginx.conf`) };
}

async function isUp(port) {
  try {
    return (await fetch(`http://127.0.0.1:${port}/healthz`)).ok;
  } catch {
    return false; // not listening yet
  }
}

/** The master names its configuration; its children are the workers. */
function workersOf(configuration) {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const read = (pid, file) => {
    try {
      return readFileSync(`/proc/${pid}/${file}`, 'utf8');
    } catch {
      return ''; // it has ended
    }
  };
  const masters = pids.filter((pid) => {
    const line = read(pid, 'cmdline');
    return line.startsWith('nginx: master') && line.includes(configuration);
  });
  const workers = pids.filter((pid) =>
    masters.includes(/^PPid:\s+(\d+)$/m.exec(read(pid, 'status'))?.[1] ?? ''),
  );
  if (workers.length === 0) throw new Error('Cannot find the workers of nginx');
  return workers.map(Number);
}
