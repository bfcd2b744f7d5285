// The clocks and the dice, passed in so that tests bring their own.

export interface World {
  /** Monotonic, for everything that lasts. */
  readonly nowMs: () => number;
  /** The time of day, for what carries a date. */
  readonly unixMs: () => number;
  /** From 0 to 1. */
  readonly random: () => number;
}
