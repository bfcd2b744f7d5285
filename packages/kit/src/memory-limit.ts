// How much memory this process may take: what its container allows (cgroup), or what the machine has.
import { totalmem } from 'node:os';

/** Where nothing limits a process the kernel tells nothing, or a number beyond all memory. */
const UNLIMITED_BYTES = 2 ** 50;

/** The container's limit; undefined where there is none. */
export function containerMemoryBytes(
  constrained: () => number | undefined = () => process.constrainedMemory(),
): number | undefined {
  const bytes = constrained();
  return bytes === undefined || bytes <= 0 || bytes > UNLIMITED_BYTES ? undefined : bytes;
}

export const memoryLimitBytes = (): number => Math.min(containerMemoryBytes() ?? Infinity, totalmem());
