// How much more memory a program holds than when the watch began: looked at again and again, the most counts.
import { kindOf, memoryOf, processTree } from './process-memory.ts';

export interface Growth {
  /** Bytes when the watch began. */
  readonly before: number;
  /** Bytes at the most, and at the end. */
  readonly most: number;
  readonly after: number;
  /** The same as `most`, by kind of process (`renderer`, `browser`, …). */
  readonly mostByKind: Readonly<Record<string, number>>;
}

const LOOK_MS = 500;

/** Watches the process and those that it started while the work goes on. */
export async function watchMemory(pid: number, work: () => Promise<unknown>): Promise<Growth> {
  const look = (): Record<string, number> => {
    const kinds: Record<string, number> = {};
    for (const one of processTree(pid)) kinds[kindOf(one)] = (kinds[kindOf(one)] ?? 0) + memoryOf(one);
    return kinds;
  };
  const sum = (kinds: Record<string, number>): number => Object.values(kinds).reduce((a, b) => a + b, 0);
  const before = sum(look());
  let mostByKind = look();
  const timer = setInterval(() => {
    const now = look();
    if (sum(now) > sum(mostByKind)) mostByKind = now;
  }, LOOK_MS);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
  return { before, most: Math.max(before, sum(mostByKind)), after: sum(look()), mostByKind };
}
