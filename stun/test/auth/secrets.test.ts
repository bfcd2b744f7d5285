// Where the secret comes from: given, from a file, or made at first start.
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadSecrets, SECRET_FILE_NAME, type SecretSources } from '../../src/auth/secrets.ts';

const one = '1'.repeat(32);
const two = '2'.repeat(32);
let dir: string;
beforeEach(async () => (dir = await mkdtemp(join(tmpdir(), 'secrets-'))));
afterEach(() => rm(dir, { recursive: true }));

const sources = (given: Partial<SecretSources>): SecretSources => ({
  secret: undefined,
  secretFile: undefined,
  secretPrevious: undefined,
  secretPreviousFile: undefined,
  secretDir: join(dir, 'private'),
  secretGenerate: true,
  ...given,
});

const put = async (name: string, content: string): Promise<string> => {
  await writeFile(join(dir, name), content);
  return join(dir, name);
};

describe('loadSecrets()', () => {
  it('makes a secret at the first start, keeps it for its owner alone, and takes it again at the next', async () => {
    const first = await loadSecrets(sources({}));
    expect(first.all).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)]);
    expect((await stat(join(dir, 'private'))).mode & 0o777).toBe(0o700);
    expect((await stat(join(dir, 'private', SECRET_FILE_NAME))).mode & 0o777).toBe(0o600);
    expect(await readdir(join(dir, 'private'))).toEqual([SECRET_FILE_NAME]);
    expect((await loadSecrets(sources({}))).all).toEqual(first.all);
  });

  it('makes one secret where several services start at once', async () => {
    const all = await Promise.all(Array.from({ length: 8 }, () => loadSecrets(sources({}))));
    expect(new Set(all.map((secrets) => secrets.all[0])).size).toBe(1);
  });

  it('refuses to start without one when deployed, and names the script that makes it', async () => {
    await expect(loadSecrets(sources({ secretGenerate: false }))).rejects.toThrow(
      /STUN_SECRET is not set.*scripts\/setup/,
    );
    expect(await readdir(dir)).toEqual([]);
  });

  it('takes the given one first, and the previous one after it', async () => {
    const secretFile = await put('one', `${one}\n`);
    const secretPreviousFile = await put('two', two);
    expect((await loadSecrets(sources({ secret: one, secretPrevious: two }))).all).toEqual([one, two]);
    expect((await loadSecrets(sources({ secretFile, secretPreviousFile }))).all).toEqual([one, two]);
    expect((await loadSecrets(sources({ secretFile, secretPrevious: one }))).all).toEqual([one]);
  });

  it.each([
    ['too short', 'abc'],
    ['not hexadecimal', 'g'.repeat(32)],
    ['empty', ''],
    ['huge', '0'.repeat(5_000)],
  ])('refuses a file that is %s without printing it', async (_case, content) => {
    const secretFile = await put('bad', content);
    const message = await loadSecrets(sources({ secretFile })).then(() => 'nothing thrown', String);
    expect(message).toMatch(/STUN_SECRET_FILE .*not shown.*at least 32 hexadecimal/);
    if (content !== '') expect(message).not.toContain(content);
  });

  it('says which folder it may not write to', async () => {
    const secretDir = join(await put('file', 'no folder'), 'private');
    await expect(loadSecrets(sources({ secretDir }))).rejects.toThrow(/STUN_SECRET_DIR/);
  });
});
