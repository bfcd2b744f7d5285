// One fault: everybody is well before it, it happens, and everybody is looked at until they are well again.
import { acknowledgements } from './acknowledged.ts';
import { pause, type Bundle } from './bundle.ts';
import type { Fault } from './fault.ts';
import { Ledger } from './ledger.ts';
import type { Users } from './users.ts';
import { faultsOf, noticedByAll, type Noticed } from './verdict.ts';

const WELL_MS = 2_500;
const WELL_AGAIN_MS_MAX = 40_000;

export interface Outcome {
  readonly fault: Fault;
  readonly lastedMs: number;
  readonly noticed: readonly Noticed[];
  /** How many acknowledgements had to outlive it, and which did not. */
  readonly promised: number;
  readonly lost: readonly string[];
  readonly wrong: readonly string[];
}

export async function drill(bundle: Bundle, users: Users, fault: Fault): Promise<Outcome> {
  const wrong: string[] = [];
  if (!(await areWell(users))) wrong.push('before it: somebody was not well');
  const ledger = await Ledger.open(acknowledgements(bundle, users.gunWriter));
  const beganMs = performance.now();
  await noting(wrong, () => fault.run(bundle));
  const endedMs = performance.now();
  if (!(await areWell(users))) wrong.push(`somebody was not well within ${WELL_AGAIN_MS_MAX / 1_000} s`);
  const seenMs = performance.now();
  const { promised, lost } = await ledger.close(fault, endedMs);
  await noting(wrong, () => fault.after?.(bundle) ?? Promise.resolve());
  const noticed = noticedByAll(users.rounds, { beganMs, endedMs, seenMs });
  wrong.push(...lost.map((what) => `acknowledged and lost: ${what}`), ...faultsOf(fault, noticed));
  return { fault, lastedMs: endedMs - beganMs, noticed, promised, lost, wrong };
}

async function noting(wrong: string[], work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    wrong.push(error instanceof Error ? error.message : String(error));
  }
}

/** Whether there is a while in which everybody is served at once. */
async function areWell(users: Users): Promise<boolean> {
  const untilMs = performance.now() + WELL_AGAIN_MS_MAX;
  while (performance.now() < untilMs) {
    const fromMs = performance.now();
    await pause(WELL_MS);
    const noticed = noticedByAll(users.rounds, { beganMs: fromMs, endedMs: fromMs, seenMs: Infinity });
    if (noticed.every(({ rounds, lost, awayMs }) => rounds > 1 && lost === 0 && awayMs === 0)) return true;
  }
  return false;
}
