// A clone as others make it: on Windows git turns line ends into CRLF unless .gitattributes says otherwise, and no script with CRLF runs in a
// container; where the umask is 077 nobody else may read it; and its folder has spaces in its name. `test/clones` runs such clones for real.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../support/repository.ts';
import { findTool } from '../support/tools.ts';

const isClone = findTool('git') !== undefined && existsSync(join(root, '.git'));

(isClone ? describe : describe.skip)('a clone with core.autocrlf, umask 077 and spaces in its path', () => {
  const parent = mkdtempSync(join(tmpdir(), 'clone-'));
  const folder = join(parent, 'my relay swarm');
  const git = (...args: string[]): string => execFileSync('git', args, { encoding: 'utf8', stdio: 'pipe' });
  afterAll(() => {
    rmSync(parent, { recursive: true, force: true });
  });

  beforeAll(() => {
    const clone = 'umask 077; git -c core.autocrlf=true clone --quiet --depth 1 "file://$1" "$2"';
    execFileSync('sh', ['-c', clone, 'clone', root, folder], { stdio: 'pipe' });
  });

  it('has the same line ends as ours', () => {
    const files = git('-C', folder, 'ls-files', '-z').split('\0').filter(Boolean);
    expect(files).toContain('scripts/setup');
    const isText = (file: string): boolean => !readFileSync(join(folder, file)).includes(0);
    expect(files.filter((file) => isText(file) && readFileSync(join(folder, file)).includes('\r\n'))).toEqual(
      [],
    );
  });

  it('has scripts that run from where it is, and say what they are for', () => {
    const scripts = readdirSync(join(folder, 'scripts')).filter((name) => {
      const file = join(folder, 'scripts', name);
      return statSync(file).isFile() && readFileSync(file, 'utf8').startsWith('#!/usr/bin/env bash');
    });
    expect(scripts.length).toBeGreaterThan(8);
    const help = (name: string): [string, number | null, string] => {
      const { status, stdout, stderr } = spawnSync(join(folder, 'scripts', name), ['--help'], {
        cwd: tmpdir(),
        encoding: 'utf8',
      });
      return [name, status, stdout === '' ? `nothing on standard output, but ${stderr}` : stderr];
    };
    expect(scripts.map(help)).toEqual(scripts.map((name) => [name, 0, '']));
  });
});
