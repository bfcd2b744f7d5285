import { chmod, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readJsonFile, writeJsonFile } from '../src/files.ts';

describe('writeJsonFile() and readJsonFile()', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kit-files-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('give back what was written, and create the folder', async () => {
    const file = join(folder, 'health', 'deep', 'tracker.json');
    await writeJsonFile(file, { peers: 3, name: 'ü' });
    expect(await readJsonFile(file)).toEqual({ peers: 3, name: 'ü' });
    expect(await readdir(join(folder, 'health', 'deep'))).toEqual(['tracker.json']);
  });

  it('write with the mode that was asked for', async () => {
    await writeJsonFile(join(folder, 'public.json'), 1);
    await writeJsonFile(join(folder, 'private.json'), 1, 0o600);
    expect((await stat(join(folder, 'public.json'))).mode & 0o777).toBe(0o644);
    expect((await stat(join(folder, 'private.json'))).mode & 0o777).toBe(0o600);
  });

  it('keep private what replaces a file that anybody could read', async () => {
    const file = join(folder, 'key.json');
    await writeFile(file, '{}');
    await chmod(file, 0o666);
    await writeJsonFile(file, 1, 0o600);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it('are never seen half done by readers', async () => {
    const file = join(folder, 'roster.json');
    const version = (number: number) => ({
      number,
      filler: String(number % 10).repeat(200_000),
      end: number,
    });
    await writeJsonFile(file, version(0));
    let isWriting = true;
    const seen = new Set<number>();
    const watch = async (): Promise<void> => {
      while (isWriting) {
        const value = (await readJsonFile(file)) as ReturnType<typeof version> | undefined;
        if (value === undefined) throw new Error('torn or missing');
        expect(value.end).toBe(value.number);
        expect(value.filler).toHaveLength(200_000);
        seen.add(value.number);
      }
    };
    const readers = [watch(), watch(), watch()];
    for (let number = 1; number <= 60; number++) await writeJsonFile(file, version(number));
    isWriting = false;
    await Promise.all(readers);
    expect(seen.size).toBeGreaterThan(1);
    expect(await readdir(folder)).toEqual(['roster.json']);
  });

  it('survive several writes at once: one of them wins, whole', async () => {
    const file = join(folder, 'candidates.json');
    await Promise.all([1, 2, 3, 4, 5].map((number) => writeJsonFile(file, Array(1000).fill(number))));
    const numbers = (await readJsonFile(file)) as number[];
    expect(new Set(numbers).size).toBe(1);
    expect(await readdir(folder)).toEqual(['candidates.json']);
  });

  it('leave the old file and no rubbish where writing fails', async () => {
    const file = join(folder, 'roster.json');
    await writeJsonFile(file, 'old');
    const cyclic: Record<string, unknown> = {};
    cyclic['self'] = cyclic;
    await expect(writeJsonFile(file, cyclic)).rejects.toThrow(TypeError);
    expect(await readJsonFile(file)).toBe('old');
    const occupied = join(folder, 'occupied');
    await writeJsonFile(join(occupied, 'inner.json'), 1);
    await expect(writeJsonFile(occupied, 1)).rejects.toThrow();
    expect((await readdir(folder)).sort()).toEqual(['occupied', 'roster.json']);
  });

  it.each([
    ['is not there', undefined],
    ['is empty', ''],
    ['was cut off', '{"peers":'],
    ['is too large', '"123456789"'],
  ])('answer undefined for a file that %s', async (_case, content) => {
    const file = join(folder, 'x.json');
    if (content !== undefined) await writeFile(file, content);
    expect(await readJsonFile(file, 10)).toBeUndefined();
  });

  it('take a file of exactly the most bytes', async () => {
    await writeFile(join(folder, 'x.json'), '"12345678"');
    expect(await readJsonFile(join(folder, 'x.json'), 10)).toBe('12345678');
  });

  it('tell of what is wrong with the disk rather than of a missing file', async () => {
    await expect(readJsonFile(folder)).rejects.toMatchObject({ code: 'EISDIR' });
  });
});
