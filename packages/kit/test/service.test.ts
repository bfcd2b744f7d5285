// The life of a service, seen from outside: a real process, its signals, its exit code and what it writes.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { programOf } from '../../../test/support/compile.ts';

const KEY = 'c0ffee'.repeat(8);
let program: string;
let folder: string;
const children: ChildProcess[] = [];

beforeAll(async () => {
  program = await programOf('packages/kit/test/fixtures/service.ts');
  folder = await mkdtemp(join(tmpdir(), 'service-'));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Line {
  readonly level: string;
  readonly message: string;
  readonly [field: string]: unknown;
}

/** Starts the fixture in an empty environment and a folder of its own. */
async function start(env: Record<string, string>, dotEnv?: string) {
  const cwd = await mkdtemp(join(folder, 'cwd-'));
  if (dotEnv !== undefined) await writeFile(join(cwd, '.env'), dotEnv);
  const child = spawn(process.execPath, [program], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  const exit = new Promise<{ code: number | null; signal: string | null }>((resolve) =>
    child.once('close', (code, signal) => resolve({ code, signal })),
  );
  const lines = (): Line[] =>
    output.stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Line);
  const messages = (): string[] => lines().map(({ message }) => message);
  const until = (message: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (output.stdout.includes(`"message":"${message}"`)) resolve();
      };
      child.stdout.on('data', look);
      void exit.then(() => reject(new Error(`ended without "${message}": ${output.stdout}${output.stderr}`)));
      look();
    });
  return { child, output, exit, lines, messages, until };
}

describe('a service', () => {
  it('tells a name that is nearly one of its settings, and no other', async () => {
    const service = await start({
      FIXTURE_KEY: KEY,
      FIXTURE_YEK: KEY,
      FIXTURE_SERVICE_HOST: '10.0.0.1',
      KEY,
    });
    await service.until('ready');
    service.child.kill('SIGTERM');
    await service.exit;
    expect(service.lines().filter(({ level }) => level === 'warn')).toMatchObject([
      { found: 'FIXTURE_YEK', meant: 'FIXTURE_KEY' },
    ]);
    expect(service.output.stdout).not.toContain(KEY);
  });

  it('starts its parts in order, stops them in reverse on SIGTERM, and exits with 0', async () => {
    const service = await start({ FIXTURE_KEY: KEY });
    await service.until('ready');
    service.child.kill('SIGTERM');
    expect(await service.exit).toEqual({ code: 0, signal: null });
    expect(service.messages()).toEqual([
      'starting',
      ...['start a', 'start b', 'start c'],
      'ready',
      'stopping',
      ...['stop c', 'stop b', 'stop a'],
      'stopped',
    ]);
    expect(service.output.stderr).toBe('');
  });

  it('does the same on Ctrl-C', async () => {
    const service = await start({ FIXTURE_KEY: KEY });
    await service.until('ready');
    service.child.kill('SIGINT');
    expect((await service.exit).code).toBe(0);
  });

  it('writes its settings when it starts, but never a secret', async () => {
    const service = await start({ FIXTURE_KEY: KEY, FIXTURE_PORT: '81' });
    await service.until('ready');
    service.child.kill('SIGTERM');
    await service.exit;
    expect(service.lines()[0]).toMatchObject({
      level: 'info',
      service: 'fixture',
      settings: { FIXTURE_PORT: 81, FIXTURE_KEY: 'set', MODE: 'fine' },
    });
    expect(service.output.stdout).not.toContain(KEY);
  });

  it('names every wrong setting, exits with 1 and starts nothing', async () => {
    const service = await start({
      FIXTURE_KEY: 'hunter2',
      FIXTURE_PORT: 'eighty',
      MODE: 'odd',
      LOG_LEVEL: 'loud',
    });
    expect((await service.exit).code).toBe(1);
    const { stderr, stdout } = service.output;
    expect(stderr).toMatch(/^fixture cannot start:\n/);
    expect(stderr).toContain('\n  FIXTURE_PORT="eighty": must be a whole number from 1 to 65535\n');
    expect(stderr).toContain(
      '\n  FIXTURE_KEY (7 characters, not shown): must be at least 32 hexadecimal characters\n',
    );
    expect(stderr).toMatch(/\n {2}MODE="odd": must be one of fine, /);
    expect(stderr).toContain('\n  LOG_LEVEL="loud": must be one of debug, info, warn, error\n');
    expect(stderr.trimEnd().split('\n')).toHaveLength(5);
    expect(stderr + stdout).not.toContain('hunter2');
    expect(stdout).toBe('');
  });

  it('says so where a setting is missing, or breaks a rule between settings', async () => {
    const missing = await start({});
    expect((await missing.exit).code).toBe(1);
    expect(missing.output.stderr).toBe(
      'fixture cannot start:\n  FIXTURE_KEY is not set: must be at least 32 hexadecimal characters\n',
    );
    const rule = await start({ FIXTURE_KEY: KEY, FIXTURE_PORT: '13' });
    expect((await rule.exit).code).toBe(1);
    expect(rule.output.stderr).toBe('fixture cannot start:\n  FIXTURE_PORT must not be 13\n');
  });

  it('takes what the environment leaves open from .env', async () => {
    const service = await start({ MODE: 'stop-fails' }, `FIXTURE_KEY=${KEY}\nFIXTURE_PORT=82\nMODE=fine\n`);
    await service.until('ready');
    expect(service.lines()[0]).toMatchObject({ settings: { FIXTURE_PORT: 82, MODE: 'stop-fails' } });
  });

  it('says which file or folder it cannot use, without a stack', async () => {
    const { exit, output } = await start({ FIXTURE_KEY: KEY, MODE: 'no-folder' });
    expect((await exit).code).toBe(1);
    expect(output.stderr).toBe(
      `fixture cannot start:\n  Cannot use ${process.execPath}/data: found ENOTDIR: not a directory, mkdir '${process.execPath}/data', wanted a place that this service may read and write\n`,
    );
  });

  it('stops what it had started where a part cannot start, and exits with 1', async () => {
    const service = await start({ FIXTURE_KEY: KEY, MODE: 'start-fails' });
    expect((await service.exit).code).toBe(1);
    expect(service.output.stderr).toBe(
      'fixture cannot start:\n  Cannot listen on port 80: another program uses it\n',
    );
    expect(service.messages()).toEqual(['starting', 'start a', 'start b', 'stop b', 'stop a']);
  });

  it('can be stopped while it starts', async () => {
    const service = await start({ FIXTURE_KEY: KEY, MODE: 'start-hangs' });
    await service.until('start b');
    service.child.kill('SIGTERM');
    expect((await service.exit).code).toBe(0);
    expect(service.messages().slice(-4)).toEqual(['stopping', 'stop b', 'stop a', 'stopped']);
    expect(service.output.stderr).toBe('');
  });

  it('stops the other parts where one fails to', async () => {
    const service = await start({ FIXTURE_KEY: KEY, MODE: 'stop-fails' });
    await service.until('ready');
    service.child.kill('SIGTERM');
    expect((await service.exit).code).toBe(0);
    expect(service.messages().slice(-5)).toEqual([
      'stop c',
      'stop b',
      'part did not stop',
      'stop a',
      'stopped',
    ]);
  });

  it('exits with 1 after 8 s where a part never stops, before Docker kills it at 10 s', async () => {
    const service = await start({ FIXTURE_KEY: KEY, MODE: 'stop-hangs' });
    await service.until('ready');
    const startedAtMs = Date.now();
    service.child.kill('SIGTERM');
    expect((await service.exit).code).toBe(1);
    expect(Date.now() - startedAtMs).toBeLessThan(9_500);
    expect(service.messages().at(-1)).toBe('stopping took too long, exiting');
  });

  it('ends at once on a second signal', async () => {
    const service = await start({ FIXTURE_KEY: KEY, MODE: 'stop-hangs' });
    await service.until('ready');
    service.child.kill('SIGTERM');
    await service.until('stop b');
    service.child.kill('SIGTERM');
    expect((await service.exit).code).toBe(1);
    expect(service.messages().at(-1)).toBe('stop b');
  });

  it.each(['crash', 'reject'])(
    'logs a bug (%s) with its stack, stops its parts and exits with 1',
    async (mode) => {
      const service = await start({ FIXTURE_KEY: KEY, MODE: mode });
      expect((await service.exit).code).toBe(1);
      expect(service.lines().find(({ message }) => message === 'bug: uncaught exception')).toMatchObject({
        level: 'error',
        error: { message: 'boom', stack: expect.stringContaining('service.mjs') },
      });
      expect(service.messages().slice(-3)).toEqual(['stop c', 'stop b', 'stop a']);
    },
  );
});
