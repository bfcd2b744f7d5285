// The "seeder bot": a list of magnets that is read again every minute, with the clock in the test's hands.
import { jest } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { watchList, type Watcher } from '../src/watched.ts';

const [one, two] = ['11', '22'].map((digits) => `magnet:?xt=urn:btih:${digits.repeat(20)}`);

describe('watchList()', () => {
  let folder: string;
  let list: string;
  let watcher: Watcher;
  const said: string[] = [];
  let heard = (): void => undefined;
  const say = (kind: string) => (text: string) => {
    said.push(`${kind} ${text}`);
    heard();
  };
  /** The next so many changes, as they are read from the disk. */
  const next = async (count: number): Promise<string[]> => {
    while (said.length < count) await new Promise<void>((resolve) => (heard = resolve));
    return said.splice(0);
  };
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'list-'));
    list = join(folder, 'magnets.txt');
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
  });
  afterEach(async () => {
    await watcher.close();
    jest.useRealTimers();
    await rm(folder, { recursive: true });
  });
  const watch = (): void => {
    watcher = watchList(list, { appeared: say('appeared'), left: say('left'), failed: say('failed') });
  };

  it('begins with what is in it, and follows it every minute', async () => {
    await writeFile(list, `# films\r\n${one}\r\nnonsense\n`);
    watch();
    expect(await next(1)).toEqual([`appeared ${one}`]);
    await writeFile(list, `${two}\n`);
    jest.advanceTimersByTime(60_000);
    expect(await next(2)).toEqual([`appeared ${two}`, `left ${one}`]);
  });

  it('ends nothing because the list cannot be read', async () => {
    await writeFile(list, `${one}\n`);
    watch();
    await next(1);
    await rm(list);
    jest.advanceTimersByTime(60_000);
    expect(await next(1)).toEqual([expect.stringMatching(/^failed Cannot read the list .*magnets\.txt/)]);
  });
});
