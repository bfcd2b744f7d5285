// The commands of this package, as their users type them.
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { startService, type RunningService } from '../../../../peerjs/test/support/service.ts';

const root = join(import.meta.dirname, '../../../..');
const env = { ...process.env, NODE_OPTIONS: '' };
let service: RunningService;

beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.stop());

it('spawn starts as many real members as it is told, and ends when its user says so', async () => {
  const signaling = `ws://127.0.0.1:${service.port}/mesh`;
  const args = [
    'run',
    'spawn',
    '-w',
    'packages/mesh',
    '--',
    '5',
    '--room',
    'spawned',
    '--signaling',
    signaling,
  ];
  const child = spawn('npm', args, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    env,
    detached: true, // npm and the program below it are ended together
  });
  const lines: string[] = [];
  // Its output ends when the last that writes there has
  for await (const line of createInterface(child.stdout)) {
    lines.push(line);
    const [, said, heard] = /^(\d+) said, (\d+) heard/.exec(line) ?? [];
    if (Number(said) > 1 && Number(heard) >= 4) process.kill(-child.pid!, 'SIGINT');
  }
  expect(lines).toContain(`5 members in room "spawned" at ${signaling}`);
  expect(lines.some((line) => line.startsWith('one mesh after'))).toBe(true);
}, 120_000);

describe('simulate', () => {
  const simulate = async (...args: readonly string[]): Promise<string> => {
    const { stdout } = await promisify(execFile)(
      'npm',
      ['run', 'simulate', '-w', 'packages/mesh', '--', ...args],
      { cwd: root, env },
    );
    return stdout;
  };
  const small = ['--members', '30', '--broadcasts', '2'];

  it('tells of each algorithm what it delivers and costs, the same for the same seed, and draws it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mesh-plots-'));
    try {
      const network = ['--loss', '0.01', '--latency', '20', '--uplink', '2'];
      const told = await simulate(...small, '--gone', '0.05', ...network, '--svg', folder);
      const rows = told.split('\n').filter((line) => /^\| 30 /.test(line));
      const algorithms = rows.map((row) => row.split('|')[4]!.trim());
      expect(algorithms).toEqual(['prim', 'shortest-path', 'flood', 'gossipsub', 'mesh']);
      expect(rows.at(-1)).toContain('100 %');
      expect((await readdir(folder)).sort()).toEqual([
        'copies.svg',
        'delivered.svg',
        'lastMs.svg',
        'routeBytes.svg',
      ]);
      expect(await readFile(join(folder, 'delivered.svg'), 'utf8')).toContain('mesh, 30');
      expect((await simulate(...small, '--gone', '0.05', ...network)).split('\n')).toEqual(
        expect.arrayContaining(rows),
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  }, 120_000);

  it('tells how a room fares whose members come and go', async () => {
    expect(await simulate('--churn', '2', '--members', '10', '--seconds', '10')).toMatch(
      /10 members, \d+ replaced during \d+ broadcasts: 100.00 % delivered/,
    );
  }, 60_000);

  it('refuses what is no number', async () => {
    await expect(simulate('--members', 'many')).rejects.toMatchObject({
      stderr: expect.stringContaining('Cannot use --members many: wanted a number from 0') as string,
    });
  }, 60_000);
});
