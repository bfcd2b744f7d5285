// The service's clocks and random numbers, passed in so that tests bring their own.

export interface Clock {
  /** Monotonic, for everything that lasts. */
  readonly monotonicMs: () => number;
  /** The time of day, for what carries a date. */
  readonly wallClockMs: () => number;
  /** From 0 to 1. */
  readonly random: () => number;
}
