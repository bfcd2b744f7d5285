// How good a relay has shown itself to this one. What it says of itself does not count here: keys are free, and so are words. Pure.

export interface Measured {
  /** From a ping to its answer, averaged; unknown without a session. */
  readonly roundTripMs: number | undefined;
  /** Since its URL was first answered by its key, as long as it has stayed. */
  readonly knownForMs: number;
  /** Since it was last lost, or did not answer in time; undefined where it never was. */
  readonly sinceLossMs: number | undefined;
}

const ACQUAINTED_MS = 3_600_000;
const RELIABLE_MS = 600_000;
const SLOW_MS = 500;

/** 0 is the best: known for an hour, not lost for ten minutes, and quick. Each that is missing makes it one more. */
export function qualityOf({ roundTripMs, knownForMs, sinceLossMs = Infinity }: Measured): number {
  return (
    (knownForMs < ACQUAINTED_MS ? 1 : 0) +
    (sinceLossMs < RELIABLE_MS ? 1 : 0) +
    ((roundTripMs ?? 0) > SLOW_MS ? 1 : 0)
  );
}

/** As good as one that has just come: it knows nothing of itself from outside. */
export const OWN_QUALITY = 1;
/** Known by others' word, or by a look now and then. */
export const FAR_QUALITY = 2;
