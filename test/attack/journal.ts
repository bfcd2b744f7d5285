// What honest clients saw: each round trip, when it began and how long it took. Figures of it are pure.

export interface Round {
  readonly what: string;
  readonly startedAtMs: number;
  readonly tookMs: number;
  /** Why it was lost; undefined where it was not. */
  readonly lost?: string;
}

export interface Figures {
  readonly rounds: number;
  readonly lost: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Whoever has waited so long has lost. */
export const ROUND_MS_MAX = 5_000;

export class Journal {
  readonly rounds: Round[] = [];

  /** Does the work and writes down how long it took; whether it was done. */
  async round(what: string, work: () => Promise<void>): Promise<boolean> {
    const startedAtMs = performance.now();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error('no answer in time')), ROUND_MS_MAX);
    });
    let lost: string | undefined;
    try {
      await Promise.race([work(), late]);
    } catch (error) {
      lost = error instanceof Error ? error.message : String(error);
    }
    clearTimeout(timer);
    const tookMs = performance.now() - startedAtMs;
    this.rounds.push({ what, startedAtMs, tookMs, ...(lost !== undefined && { lost }) });
    return lost === undefined;
  }
}

/** Of the rounds that began between two times. */
export function figuresOf(rounds: readonly Round[], fromMs: number, toMs: number): Figures {
  const these = rounds.filter(({ startedAtMs }) => startedAtMs >= fromMs && startedAtMs < toMs);
  const took = these
    .filter(({ lost }) => lost === undefined)
    .map(({ tookMs }) => tookMs)
    .sort((a, b) => a - b);
  const at = (share: number): number =>
    took[Math.min(took.length - 1, Math.floor(took.length * share))] ?? NaN;
  return { rounds: these.length, lost: these.length - took.length, p50Ms: at(0.5), p99Ms: at(0.99) };
}

/** From `endMs` to the last moment at which somebody still waited for an answer that came too late, or never. */
export function recoveryMs(rounds: readonly Round[], endMs: number, slowMs: number): number {
  const slow = rounds.filter(({ lost, tookMs }) => lost !== undefined || tookMs > slowMs);
  return Math.max(0, ...slow.map(({ startedAtMs, tookMs }) => startedAtMs + tookMs - endMs));
}
