import { SettingsError } from '@relay-swarm/kit';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KEY_FILE, loadIdentity, verifySignature } from '../src/proof/identity.ts';

describe('loadIdentity()', () => {
  let dir: string;
  beforeEach(async () => {
    dir = join(await mkdtemp(join(tmpdir(), 'identity-')), 'inner');
  });
  afterEach(() => rm(join(dir, '..'), { recursive: true }));

  it('makes a key at the first start, for the tracker alone, and keeps it', async () => {
    const first = await loadIdentity(dir);
    expect(first.id).toMatch(/^[0-9a-f]{64}$/);
    expect((await stat(join(dir, KEY_FILE))).mode & 0o777).toBe(0o600);
    expect((await stat(dir)).mode & 0o777).toBe(0o700);
    expect(await readdir(dir)).toEqual([KEY_FILE]);
    expect((await loadIdentity(dir)).id).toBe(first.id);
  });

  it('is one and the same for two starts at once', async () => {
    const ids = await Promise.all(Array.from({ length: 8 }, () => loadIdentity(dir)));
    expect(new Set(ids.map(({ id }) => id)).size).toBe(1);
  });

  it('takes the rights of others away again', async () => {
    await loadIdentity(dir);
    await chmod(join(dir, KEY_FILE), 0o644);
    await loadIdentity(dir);
    expect((await stat(join(dir, KEY_FILE))).mode & 0o777).toBe(0o600);
  });

  it.each(['', 'not a key', '-----BEGIN PRIVATE KEY-----\nMC4=\n-----END PRIVATE KEY-----\n'])(
    'says what to do about a file that is no key, and leaves it as it is',
    async (content) => {
      await loadIdentity(dir);
      await writeFile(join(dir, KEY_FILE), content);
      await expect(loadIdentity(dir)).rejects.toThrow(SettingsError);
      expect(await readFile(join(dir, KEY_FILE), 'utf8')).toBe(content);
    },
  );

  it('says what to do about a folder that it cannot have', async () => {
    await writeFile(dir, 'a file is in the way');
    const refusal = await loadIdentity(dir).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(SettingsError);
    expect((refusal as Error).message).toBe(
      `Cannot keep the relay's key in ${dir}: found EEXIST, wanted a folder that this service may write to. Set IDENTITY_DIR to one`,
    );
  });

  it('signs so that all can verify, and nobody else can sign', async () => {
    const self = await loadIdentity(dir);
    const signature = self.sign('text é');
    expect(verifySignature(self.id, 'text é', signature)).toBe(true);
    expect(verifySignature(self.id, 'text e', signature)).toBe(false);
    expect(verifySignature('ab'.repeat(32), 'text é', signature)).toBe(false);
    for (const wrong of ['', 'x', '00'.repeat(64)])
      expect(verifySignature(self.id, 'text é', wrong)).toBe(false);
    for (const id of ['', 'x', 'ff'.repeat(32), '00'.repeat(31)])
      expect(verifySignature(id, 'text é', signature)).toBe(false);
  });
});
