// A control group of the kernel that limits and measures a process's memory as a container's does: cgroup 2, or the memory controller of cgroup 1.
// Needs root, and a group of our own below which one may be made.
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface MemoryGroup {
  /** A process that writes its number here is in it. */
  readonly processesFile: string;
  /** The most that was used at once. */
  peakBytes(): number;
  /** Whether the kernel has ended a process for want of memory. */
  hasKilled(): boolean;
  remove(): void;
}

interface Files {
  readonly folder: string;
  readonly limit: string;
  readonly peak: string;
  readonly events: string;
}

/** Undefined where there is no right to make one; `why` is told then. */
export function createMemoryGroup(
  name: string,
  limitBytes: number,
  why: (reason: string) => void,
): MemoryGroup | undefined {
  try {
    const files = find(name);
    mkdirSync(files.folder);
    const path = (file: string): string => join(files.folder, file);
    const read = (file: string): string => readFileSync(path(file), 'utf8');
    writeFileSync(path(files.limit), String(limitBytes));
    return {
      processesFile: path('cgroup.procs'),
      peakBytes: () => Number(read(files.peak)),
      hasKilled: () => /^oom_kill [1-9]/m.test(read(files.events)),
      remove: () => {
        // The kernel needs a moment to forget the last process.
        for (let tries = 0; tries < 50 && existsSync(files.folder); tries++) {
          try {
            rmdirSync(files.folder);
          } catch {
            Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
          }
        }
      },
    };
  } catch (error) {
    why(error instanceof Error ? error.message : String(error));
    return undefined;
  }
}

function find(name: string): Files {
  const own = readFileSync('/proc/self/cgroup', 'utf8');
  const inVersion1 = /^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(.*)$/m.exec(own)?.[1];
  if (inVersion1 !== undefined) {
    const parent = ['/sys/fs/cgroup/memory' + inVersion1, '/sys/fs/cgroup/memory'].find((one) =>
      existsSync(one),
    );
    if (parent === undefined) throw new Error('the memory controller is not mounted');
    return {
      folder: join(parent, name),
      limit: 'memory.limit_in_bytes',
      peak: 'memory.max_usage_in_bytes',
      events: 'memory.oom_control',
    };
  }
  const parent = '/sys/fs/cgroup' + (/^0::(.*)$/m.exec(own)?.[1] ?? '/');
  const control = join(parent, 'cgroup.subtree_control');
  if (!readFileSync(control, 'utf8').includes('memory')) writeFileSync(control, '+memory');
  return { folder: join(parent, name), limit: 'memory.max', peak: 'memory.peak', events: 'memory.events' };
}
