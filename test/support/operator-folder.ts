// The scripts in a folder of their own, with no program on the path but those that every server has and those that a test makes up.
// Nothing that a check asks leaves the machine: whoever would be asked is made up, too.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { root } from './repository.ts';
import { findTool } from './tools.ts';

const ALWAYS_THERE =
  'awk basename bash cat chmod chown cp cut date df dirname getent grep head id ln mkdir mktemp mv od rm sed sort stat tail tr uniq wc'.split(
    ' ',
  );

export class OperatorFolder {
  readonly folder = mkdtempSync(join(tmpdir(), 'operator-'));
  readonly #bin = join(this.folder, 'bin');

  constructor() {
    for (const part of ['scripts', '.env.example'])
      cpSync(join(root, part), join(this.folder, part), { recursive: true });
    mkdirSync(this.#bin);
    this.use(...ALWAYS_THERE);
  }

  /** Puts programs of this machine on the path. */
  use(...programs: readonly string[]): this {
    for (const program of programs)
      symlinkSync(findTool(program) ?? `/nowhere/${program}`, join(this.#bin, program));
    return this;
  }

  /** Makes up a program: what it does, in bash. */
  fake(program: string, body: string): this {
    const file = join(this.#bin, program);
    rmSync(file, { force: true });
    writeFileSync(file, `#!/bin/bash\n${body}\n`);
    chmodSync(file, 0o755);
    return this;
  }

  write(file: string, text: string): this {
    mkdirSync(dirname(join(this.folder, file)), { recursive: true });
    writeFileSync(join(this.folder, file), text, { mode: 0o600 });
    return this;
  }

  read(file: string): string {
    return readFileSync(join(this.folder, file), 'utf8');
  }

  /** Runs one of the doctor's checks, or more, and returns its lines. `inside`: a program that runs what stands behind it. */
  check(checks: string, inside: readonly string[] = []): string[] {
    const script = `set -uo pipefail; source scripts/lib/common.sh; source scripts/lib/checks/report.sh
      for file in scripts/lib/checks/*.sh; do [[ $file == */report.sh ]] || source "$file"; done; ${checks}`;
    const [program, ...args] = [...inside, 'bash', '-c', script];
    return this.run(program, ...args)
      .stdout.trim()
      .split('\n')
      .filter(Boolean);
  }

  run(
    program: string,
    ...args: readonly string[]
  ): { status: number | null; stdout: string; stderr: string } {
    const { status, stdout, stderr } = spawnSync(program, args, {
      cwd: this.folder,
      env: { PATH: this.#bin, HOME: this.folder, PROC_FOLDER: join(this.folder, 'proc') },
      encoding: 'utf8',
      timeout: 20_000,
    });
    if (stderr.includes('command not found') || stderr.includes('unbound variable')) throw new Error(stderr);
    return { status, stdout, stderr };
  }

  script(name: string, ...args: readonly string[]): ReturnType<OperatorFolder['run']> {
    return this.run(join(this.folder, 'scripts', name), ...args);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}
