// A connection of a client, here or at another node, as the protocols that are spoken on it see it. All get the same and ask for a part of it:
// WebTorrent's swarms for a `Link`, Graffiti for a `GraffitiLink`.
import type { Link, Priority } from '../swarm/peer.ts';

export interface ProtocolLink extends Link {
  /** Queues a text, or a finished frame with what it may be sacrificed for. False where it was dropped. */
  send(frame: Buffer | string, priority?: Priority): boolean;
  /** Sends what is queued, then closes. */
  close(code: number, reason: string): void;
  /** Calls back, later, when everything sent until now has left. Never calls back where the connection ends before that. */
  whenDrained(callback: () => void): void;
}
