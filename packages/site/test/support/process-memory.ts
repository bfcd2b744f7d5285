// What processes hold in memory, as Linux counts it: their own pages and their part of the shared ones, without what stands in files.
import { readdirSync, readFileSync } from 'node:fs';

const BYTES_PER_KB = 1024;

/** A process and all that it has started, whichever still run. */
export function processTree(pid: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const parent = Number(/\) \S (\d+)/.exec(read(`/proc/${name}/stat`))?.[1]);
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const all = [pid];
  for (const one of all) all.push(...(children.get(one) ?? []));
  return all;
}

/** The first process that this one started, itself or by others, with these words in its command. */
export function findChild(words: string): number {
  const found = processTree(process.pid).find((pid) => read(`/proc/${pid}/cmdline`).includes(words));
  if (found === undefined) throw new Error(`No process of ours has "${words}" in its command`);
  return found;
}

/** Bytes; 0 where the process has ended. */
export function memoryOf(pid: number): number {
  const text = read(`/proc/${pid}/smaps_rollup`);
  const kilobytes = (field: string): number =>
    Number(new RegExp(`^${field}: +(\\d+) kB`, 'm').exec(text)?.[1] ?? 0);
  return (kilobytes('Pss_Anon') + kilobytes('Pss_Shmem')) * BYTES_PER_KB;
}

/** What a browser's process is for: `renderer`, `gpu-process`, `utility`; `browser` for the first. */
export function kindOf(pid: number): string {
  return /--type=([\w-]+)/.exec(read(`/proc/${pid}/cmdline`))?.[1] ?? 'browser';
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // it has just ended
  }
}
