// Every shell script of the repository, by shellcheck; and scripts/setup, which must change nothing when it is called wrongly.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readRepositoryFile, repositoryFiles, root } from './support/repository.ts';
import { requireTool } from './support/tools.ts';

requireTool('shellcheck')('shell scripts', () => {
  const scripts = repositoryFiles().filter(
    (file) =>
      file.endsWith('.sh') || (!/\.[a-z]+$/.test(file) && /^#!.*\b(ba)?sh\n/.test(readRepositoryFile(file))),
  );

  it('are found', () => {
    expect(scripts).toEqual(
      expect.arrayContaining(['.ci/run', 'certbot/publish.sh', 'scripts/setup', 'scripts/container/healthy']),
    );
  });

  it('have no fault that shellcheck knows', () => {
    expect(() =>
      execFileSync('shellcheck', ['-x', ...scripts], { cwd: root, stdio: 'pipe', encoding: 'utf8' }),
    ).not.toThrow();
  });
});

describe('scripts/setup', () => {
  let clone: string;
  beforeEach(() => {
    clone = mkdtempSync(join(tmpdir(), 'setup-'));
    for (const part of ['scripts', '.env.example'])
      cpSync(join(root, part), join(clone, part), { recursive: true });
  });
  afterEach(() => rmSync(clone, { recursive: true }));

  it.each([
    [[], 'Say your domain'],
    [['https://example.org/'], '"https://example.org/" is no domain'],
    [['example.org', '--email', "o'hara"], '"o\'hara" is no address'],
  ])('called with %j says why not, and leaves no .env behind', (args, sentence) => {
    const { status, stderr } = spawnSync(join(clone, 'scripts/setup'), args, {
      encoding: 'utf8',
      timeout: 20_000,
    });
    expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringContaining(sentence) as string });
    expect(existsSync(join(clone, '.env'))).toBe(false);
  });
});
