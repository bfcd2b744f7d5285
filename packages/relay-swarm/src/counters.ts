// What one relay has done with the others, for metrics.
import { CLOSE } from './sessions/session.ts';

/** Close codes that are counted one by one. A stranger may send any of thousands; the others are counted together. */
const COUNTED_CODES = new Set<number>([1000, 1001, 1003, 1006, 1009, ...Object.values(CLOSE)]);

export interface NodeCounters {
  framesReceived: number;
  bytesReceived: number;
  framesSent: number;
  bytesSent: number;
  dials: number;
  dialsFailed: number;
  visits: number;
  visitsFailed: number;
  fetches: number;
  fetchesFailed: number;
  descriptorsRefused: number;
  statusesRefused: number;
  upgradesRefused: number;
  /** Session ends by close code; 0 for codes that nobody has agreed on. */
  readonly closes: Map<number, number>;
}

export const newCounters = (): NodeCounters => ({
  framesReceived: 0,
  bytesReceived: 0,
  framesSent: 0,
  bytesSent: 0,
  dials: 0,
  dialsFailed: 0,
  visits: 0,
  visitsFailed: 0,
  fetches: 0,
  fetchesFailed: 0,
  descriptorsRefused: 0,
  statusesRefused: 0,
  upgradesRefused: 0,
  closes: new Map(),
});

export function countClose({ closes }: NodeCounters, code: number): void {
  const counted = COUNTED_CODES.has(code) ? code : 0;
  closes.set(counted, (closes.get(counted) ?? 0) + 1);
}
