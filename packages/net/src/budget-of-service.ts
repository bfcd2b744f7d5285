// A service's budget: its setting, its default size and its metrics.
import { integer, memoryLimitBytes, type Metrics, type Setting } from '@relay-swarm/kit';
import { ByteBudget } from './budget.ts';

/** A service without clients, its code and its caches. */
const OWN_BYTES = 112 * 1_048_576;
/** Memory per held byte, with garbage that is not collected yet: about two bytes. */
const SHARE = 0.4;
const BYTES_MIN = 16 * 1_048_576;
/** Enough for the highest limits of connections; half of a laptop's memory would be too much. */
const BYTES_MAX = 1_073_741_824;

/** How much may be held for others, so that the process stays below 70 % of its memory. Pure. */
export const defaultBudgetBytes = (memoryBytes: number): number =>
  Math.round(Math.min(BYTES_MAX, Math.max(BYTES_MIN, (memoryBytes - OWN_BYTES) * SHARE)));

export const budgetSetting = (name: string): Setting<number> =>
  integer(
    name,
    { min: 0, max: 1_099_511_627_776, default: 0 },
    'Bytes that may be held for clients in all: unfinished messages, queues, whatever waits. 0: from the memory of the container',
  );

/** The budget of this process; `bytes` is the setting. */
export const createBudget = (bytes: number, memoryBytes = memoryLimitBytes()): ByteBudget =>
  new ByteBudget({ bytesMax: bytes > 0 ? bytes : defaultBudgetBytes(memoryBytes) });

export function registerBudget(
  metrics: Metrics,
  budget: Pick<ByteBudget, 'bytes' | 'bytesMax' | 'isTight' | 'counts'>,
): void {
  metrics.gauge('budget_bytes', 'Bytes held for clients', () => budget.bytes);
  metrics.gauge('budget_bytes_max', 'Bytes that may be held for clients', () => budget.bytesMax);
  metrics.gauge('budget_tight', '1 where nobody new is let in for want of memory', () =>
    budget.isTight ? 1 : 0,
  );
  metrics.counter(
    'budget_cut_total',
    'Connections ended because they held the most',
    () => budget.counts.cut,
  );
  metrics.counter(
    'budget_refused_total',
    'Bytes not taken, by whose limit was reached',
    () => {
      const { connection_memory, address_memory, memory } = budget.counts;
      return { connection_memory, address_memory, memory };
    },
    'reason',
  );
}
