// Where processes run, so that a service is measured and not whoever else uses this machine: it has a core of its own where there are two, as
// compose gives it one, and root lets it and the honest clients go first.
import { spawnSync, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, setPriority } from 'node:os';

export const PRIORITY = { measured: -20, attackers: -10 } as const;

const hasCores = availableParallelism() > 1 && spawnSync('taskset', ['--version']).status === 0;

/** The command that starts Node there. */
export const onCore = (core: number): readonly string[] =>
  hasCores ? ['taskset', '-c', String(core), process.execPath] : [process.execPath];

/** Of one that is started otherwise: with all its children, as the others that are measured. */
export function measureTree(pid: number): void {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
  for (const one of [pid, ...children.map(Number)]) {
    if (hasCores) spawnSync('taskset', ['-pc', '0', String(one)]);
    prefer({ pid: one }, PRIORITY.measured);
  }
}

export function prefer({ pid }: Pick<ChildProcess, 'pid'>, priority: number): void {
  if (process.getuid?.() === 0 && pid !== undefined) setPriority(pid, priority);
}
