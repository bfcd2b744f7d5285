// STUN_WORKERS on this machine's Node.js, where it is new enough (or BENCH_NODE names one); in CI the image's (test/bundle/stun-workers.test.ts).
import { execFileSync } from 'node:child_process';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { programOf } from '../../../test/support/compile.ts';
import { spawned, workersSuite, type StartServer } from '../support/workers-suite.ts';

const node = process.env['BENCH_NODE'] ?? process.execPath;
const [major = 0, minor = 0] = execFileSync(node, ['--version'], { encoding: 'utf8' })
  .slice(1)
  .split('.')
  .map(Number);

const start: StartServer = async (env, folder) => {
  const main = await programOf('stun/src/main.ts');
  const { child, output, stop } = spawned(
    node,
    ['--enable-source-maps', main],
    { PATH: process.env['PATH'], DATA_DIR: join(folder, 'data'), ...env },
    folder,
  );
  const workers = async (): Promise<number[]> => {
    const tasks = await readdir(`/proc/${child.pid}/task`);
    const children = await Promise.all(
      tasks.map((task) => readFile(`/proc/${child.pid}/task/${task}/children`, 'utf8')),
    );
    const pids = children.join(' ').split(/\s+/).filter(Boolean).map(Number);
    const ranks = await Promise.all(
      pids.map(
        async (pid) =>
          [pid, /worker-(\d+)/.exec(await readFile(`/proc/${pid}/cmdline`, 'utf8'))?.[1]] as const,
      ),
    );
    return ranks.sort(([, one = ''], [, other = '']) => Number(one) - Number(other)).map(([pid]) => pid);
  };
  return {
    output,
    stop,
    workers,
    kill: (pid, signal) => Promise.resolve(void process.kill(pid, `SIG${signal}`)),
    signal: (signal) => Promise.resolve(void child.kill(`SIG${signal}`)),
  };
};

if (process.platform === 'linux' && (major > 23 || (major === 23 && minor >= 1))) {
  workersSuite('the service with two workers', start);
} else {
  process.stderr.write(
    'skipped: "the service with two workers" needs Linux and Node.js 23.1, or BENCH_NODE\n',
  );
  it.skip('two workers', () => undefined);
}
