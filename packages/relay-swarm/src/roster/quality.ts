// How good a relay is, by what this relay has measured. What it says of itself does not count: anybody can make a key and claim anything. Pure.

export interface Measured {
  /** From a ping to its answer, averaged; unknown without a session. */
  readonly roundTripMs: number | undefined;
  /** How long it has stayed since its key first answered at its URL. */
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

/** This relay rates itself like a newcomer, since it cannot see itself from outside. */
export const OWN_QUALITY = 1;
/** For relays known from others, or checked only now and then. */
export const FAR_QUALITY = 2;
