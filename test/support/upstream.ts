// The repository that an operator's folder is a clone of, and somebody who works on it.
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repositoryFiles } from './repository.ts';

export class Upstream {
  readonly #folder = mkdtempSync(join(tmpdir(), 'upstream-'));
  readonly #author = join(this.#folder, 'author');
  readonly #clone: string;

  /** Makes a clone of the folder; what is in it is the first commit. */
  constructor(clone: string) {
    this.#clone = clone;
    const origin = join(this.#folder, 'origin.git');
    git(this.#folder, 'init', '--quiet', '--bare', '--initial-branch', 'main', origin);
    git(clone, 'init', '--quiet', '--initial-branch', 'main');
    git(clone, 'add', ...repositoryFiles().filter((file) => existsSync(join(clone, file))));
    git(clone, 'commit', '--quiet', '--message', 'first');
    git(clone, 'remote', 'add', 'origin', origin);
    git(clone, 'push', '--quiet', '--set-upstream', 'origin', 'main');
    git(this.#folder, 'clone', '--quiet', origin, this.#author);
  }

  /** Publishes a new version in which a file reads differently; returns its commit. */
  publish(file: string, change: (text: string) => string): string {
    const path = join(this.#author, file);
    writeFileSync(path, change(readFileSync(path, 'utf8')));
    git(this.#author, 'commit', '--quiet', '--all', '--message', `change ${file}`);
    git(this.#author, 'push', '--quiet');
    return git(this.#author, 'rev-parse', 'HEAD');
  }

  /** Where the operator's folder stands: branch, commit, and changes of its own. */
  get clone(): { branch: string; commit: string; changes: string } {
    return {
      branch: git(this.#clone, 'branch', '--show-current'),
      commit: git(this.#clone, 'rev-parse', 'HEAD'),
      changes: git(this.#clone, 'status', '--porcelain', '--untracked-files=no'),
    };
  }

  /** Gives the repository to another user, who must be able to reach it. */
  belongsTo(uid: number): void {
    chmodSync(this.#folder, 0o755);
    execFileSync('chown', ['-R', String(uid), this.#folder]);
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true });
  }
}

function git(folder: string, ...args: readonly string[]): string {
  const who = [
    '-c',
    'user.name=tester',
    '-c',
    'user.email=tester@example.test',
    '-c',
    'commit.gpgSign=false',
  ];
  return execFileSync('git', [...who, ...args], { cwd: folder, encoding: 'utf8', stdio: 'pipe' }).trim();
}
