// The numbers of several workers as those of one server. Pure.
import type { ByteBudget } from '@relay-swarm/net/budget';
import type { TurnStats } from '../engine.ts';
import { createCounters } from '../turn/counters.ts';
import type { BudgetNow } from './messages.ts';

type Numbers = Readonly<Record<string, number>>;

/** What there is now, and not how often something was: it ends with the worker. */
const NOTHING_HELD = {
  isDraining: false,
  allocations: 0,
  permissions: 0,
  channels: 0,
  reservations: 0,
  connections: 0,
  relayPortsFree: 0,
};
const NOTHING: TurnStats = { ...createCounters(), ...NOTHING_HELD };

function add(one: unknown, other: unknown): unknown {
  if (typeof one === 'number' || typeof other === 'number') return Number(one ?? 0) + Number(other ?? 0);
  if (typeof one === 'boolean' || typeof other === 'boolean') return Boolean(one) || Boolean(other);
  const [a, b] = [(one ?? {}) as Numbers, (other ?? {}) as Numbers];
  return Object.fromEntries(
    [...new Set([...Object.keys(a), ...Object.keys(b)])].map((key) => [key, add(a[key], b[key])]),
  );
}

export const sumOf = (all: readonly TurnStats[]): TurnStats =>
  all.reduce((sum, one) => add(sum, one) as TurnStats, NOTHING);

/** The part of a dead worker's numbers that stays: what it has counted since its start. */
export const leftBehind = (stats: TurnStats): TurnStats => ({ ...stats, ...NOTHING_HELD });

/** What all workers hold, as metrics of one process show it. */
export const budgetOfWorkers = (
  bytesMax: number,
  budgets: () => readonly BudgetNow[],
): Pick<ByteBudget, 'bytes' | 'bytesMax' | 'isTight' | 'counts'> => ({
  bytesMax,
  get bytes() {
    return budgets().reduce((sum, { bytes }) => sum + bytes, 0);
  },
  get isTight() {
    return budgets().some(({ isTight }) => isTight);
  },
  get counts() {
    return budgets().reduce((sum, { counts }) => add(sum, counts), NO_CUTS) as ByteBudget['counts'];
  },
});
const NO_CUTS: unknown = { cut: 0, connection_memory: 0, address_memory: 0, memory: 0 };
