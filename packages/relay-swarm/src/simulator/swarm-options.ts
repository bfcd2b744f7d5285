// What a simulated swarm is to be like.
export interface SwarmOptions {
  readonly seed?: number;
  readonly sessionsMax: number;
  /** Of relays that there will ever be. */
  readonly capacity: number;
  /** Share of packets lost: each costs a retransmission, and of dials so many fail. */
  readonly loss: number;
  readonly periodMs?: number;
}
