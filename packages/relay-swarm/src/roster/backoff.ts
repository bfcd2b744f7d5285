// How long to wait before the next try: doubled with each failure up to a cap, and spread, so that relays do not dial in step. Pure.

export const FIRST_RETRY_MS = 1_000;

export function backoffMs(failures: number, capMs: number, random: () => number): number {
  const full = Math.min(capMs, FIRST_RETRY_MS * 2 ** Math.min(failures - 1, 30));
  return full * (0.5 + random() / 2);
}
