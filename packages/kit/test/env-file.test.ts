import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { completeFromFile } from '../src/env-file.ts';
import { SettingsError } from '../src/settings.ts';

describe('completeFromFile()', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kit-env-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('adds what the environment does not say, and leaves the process alone', async () => {
    const file = join(folder, '.env');
    await writeFile(file, '# comment\nKIT_A=from file\nKIT_B="quoted # text" # comment\n\nKIT_C=\n');
    const env = { KIT_A: 'from environment' };
    expect(completeFromFile(file, env)).toEqual({
      KIT_A: 'from environment',
      KIT_B: 'quoted # text',
      KIT_C: '',
    });
    expect(env).toEqual({ KIT_A: 'from environment' });
    expect(process.env).not.toHaveProperty('KIT_B');
  });

  it('is content without a file', () => {
    expect(completeFromFile(join(folder, 'none'), { KIT_A: '1' })).toEqual({ KIT_A: '1' });
  });

  it('says which file it cannot read', () => {
    expect(() => completeFromFile(folder, {})).toThrow(SettingsError);
    expect(() => completeFromFile(folder, {})).toThrow(folder);
  });
});
