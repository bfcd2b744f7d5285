// What the engine counts.

export interface EngineStats {
  /** Messages handed to the application, and those of our own. */
  delivered: number;
  sent: number;
  /** Packets of messages that came first, and further copies of them. */
  packets: number;
  duplicates: number;
  /** Packets with statuses of members, all copies of them. */
  statuses: number;
  /** Copies sent, our own among them, and the bytes of the routes in them. */
  forwarded: number;
  routeBytes: number;
  /** Children named in a route to whom we have no link. */
  lostBranches: number;
  repairsAsked: number;
  repairsServed: number;
  announced: number;
  forged: number;
  faults: number;
  overBudget: number;
  /** Frames not queued, since the link was too far behind. */
  dropped: number;
  /** Messages whose order was wanted and that came when later ones had been delivered; they are not. */
  late: number;
  fallbackMessages: number;
  fallbackBytes: number;
}

export const newStats = (): EngineStats => ({
  delivered: 0,
  sent: 0,
  packets: 0,
  duplicates: 0,
  statuses: 0,
  forwarded: 0,
  routeBytes: 0,
  lostBranches: 0,
  repairsAsked: 0,
  repairsServed: 0,
  announced: 0,
  forged: 0,
  faults: 0,
  overBudget: 0,
  dropped: 0,
  late: 0,
  fallbackMessages: 0,
  fallbackBytes: 0,
});
