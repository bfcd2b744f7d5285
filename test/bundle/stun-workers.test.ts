// STUN_WORKERS in the image as it ships, on this machine's network as on a server.
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { spawned, workersSuite, type StartServer } from '../../stun/test/support/workers-suite.ts';
import { containerOf, docker } from '../support/bundle.ts';

const start: StartServer = (env, folder) => {
  const image = docker('inspect', '--format', '{{.Image}}', containerOf('stun'));
  const name = `relay-swarm-test-workers-${randomBytes(4).toString('hex')}`;
  const settings = Object.entries(env).flatMap(([key, value]) => ['--env', `${key}=${value}`]);
  const { output, stop } = spawned(
    'docker',
    // As this user, who alone may read what the test has made.
    ['run', '--rm', '--init', '--name', name, '--label', 'relay-swarm.test', '--network', 'host', '--user']
      .concat(`${process.getuid!()}`, '--tmpfs', '/data', '--volume', `${folder}:${folder}:ro`)
      .concat(settings, image),
    process.env,
    folder,
  );
  const inside = (script: string): string =>
    execFileSync('docker', ['exec', name, 'bash', '-c', script], { encoding: 'utf8' }).trim();
  const pids = 'grep -aoH "worker-[0-9]*" /proc/[0-9]*/cmdline 2>/dev/null | sort -t: -k2';
  return Promise.resolve({
    output,
    stop: async () => {
      // A container that has ended by itself is gone.
      spawnSync('docker', ['stop', '--time', '5', name]);
      await stop();
    },
    workers: () =>
      Promise.resolve(
        [...inside(pids).matchAll(/\/proc\/(\d+)\/cmdline:worker-\d/g)].map(([, pid]) => Number(pid)),
      ),
    kill: (pid, signal) => Promise.resolve(void inside(`kill -${signal} ${pid}`)),
    signal: (signal) => Promise.resolve(void docker('kill', '--signal', signal, name)),
  });
};

workersSuite('the image of stun with two workers', start);
