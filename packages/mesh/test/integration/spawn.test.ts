// The command that starts members in Node, as its user types it.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { startService, type RunningService } from '../../../../peerjs/test/support/service.ts';

const root = join(import.meta.dirname, '../../../..');
let service: RunningService;

beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.stop());

it('starts as many real members as it is told, and ends when its user says so', async () => {
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
    env: { ...process.env, NODE_OPTIONS: '' },
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
