// The share of one of several workers: ports of its own, and its part of limits that are divided, not counted over all workers. Pure.
import type { TurnLimits } from '../engine.ts';

export interface PortRange {
  readonly min: number;
  readonly max: number;
}

/** Ranges side by side, of which none has more than one port more than another. */
export function portRanges({ min, max }: PortRange, workers: number): PortRange[] {
  const ports = max - min + 1;
  const start = (worker: number): number => min + Math.floor((ports * worker) / workers);
  return Array.from({ length: workers }, (_, worker) => ({ min: start(worker), max: start(worker + 1) - 1 }));
}

/**
 * Rates of all and of one address are divided: the kernel spreads clients, and an address's ports, evenly. Numbers of allocations and
 * connections, and a user's rates, are kept over all workers instead (ledger.ts, turn/quotas.ts).
 */
export function limitsOfWorker(limits: TurnLimits, workers: number): TurnLimits {
  const part = (limit: number): number => Math.ceil(limit / workers);
  return {
    ...limits,
    bytesPerSecondMax: part(limits.bytesPerSecondMax),
    unauthenticatedPerSecondMax: part(limits.unauthenticatedPerSecondMax),
    controlPerSecondPerAddressMax: part(limits.controlPerSecondPerAddressMax),
  };
}
