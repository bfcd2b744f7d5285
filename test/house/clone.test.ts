// A clone as Windows makes it: git there turns line ends into CRLF unless .gitattributes says otherwise, and no script with CRLF runs in a
// container.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../support/repository.ts';
import { findTool } from '../support/tools.ts';

const isClone = findTool('git') !== undefined && existsSync(join(root, '.git'));

(isClone ? describe : describe.skip)('a clone with core.autocrlf', () => {
  const folder = mkdtempSync(join(tmpdir(), 'clone-'));
  const git = (...args: string[]): string => execFileSync('git', args, { encoding: 'utf8', stdio: 'pipe' });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('has the same line ends as ours', () => {
    git('-c', 'core.autocrlf=true', 'clone', '--quiet', '--depth', '1', `file://${root}`, folder);
    const files = git('-C', folder, 'ls-files', '-z').split('\0').filter(Boolean);
    expect(files).toContain('scripts/setup');
    const isText = (file: string): boolean => !readFileSync(join(folder, file)).includes(0);
    expect(files.filter((file) => isText(file) && readFileSync(join(folder, file)).includes('\r\n'))).toEqual(
      [],
    );
  });
});
