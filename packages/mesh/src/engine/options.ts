// The engine's limits and times, with their defaults.
import { shortestPathTree, type MakeTree } from './trees.ts';

export interface EngineOptions {
  /** Links that a member strives for. */
  readonly connectionsTarget: number;
  /** Links that it accepts; two more for a bridge between parts of a room that has fallen apart. */
  readonly connectionsMax: number;
  /** Lets the target grow with the natural logarithm of the room's size. */
  readonly isAdaptive: boolean;
  /** Makes the tree of our own broadcasts. `primTree` (from '@relay-swarm/mesh/engine/prim') is the original's. */
  readonly tree: MakeTree;
  /** Off: the original's behaviour, a lost hop loses what is behind it. */
  readonly isRepairing: boolean;
  /** Members in the view. */
  readonly membersMax: number;
  /** Messages up to this length go over every link: announcing them would cost more. */
  readonly floodBytesMax: number;
  /** Rooms up to this size flood everything. */
  readonly floodMembersMax: number;
  /** Of a flood, the links that get the payload at once; the others get an announcement. */
  readonly floodLinksMax: number;
  readonly messageBytesMax: number;
  /** How long announcements wait to be sent together. */
  readonly announceDelayMs: number;
  /** Until a missing packet is asked for, at least; and in round-trip times (of the slower links) where those are long. */
  readonly wantDelayMs: number;
  readonly wantDelayRtts: number;
  /** What a link carries where nothing was measured: tells how long a packet of some size may take. */
  readonly bytesPerSecond: number;
  /** Packets kept for those who ask. */
  readonly keptBytesMax: number;
  readonly keptMs: number;
  /** How long a message waits for the one before it, where order was asked for. */
  readonly orderedWaitMs: number;
  /** Of one source, what is passed on. */
  readonly sourceBytesPerSecond: number;
  readonly sourcePacketsPerSecond: number;
  /** What is read from one link: packets, and frames of every other kind. */
  readonly linkBytesPerSecond: number;
  readonly linkPacketsPerSecond: number;
  /** Bytes handed to a link that it has not sent yet; more waits here, the important first. */
  readonly linkWindowBytes: number;
  /** Bytes that wait for a link: payload beyond is not passed on over it (the receiver asks others). */
  readonly linkQueueBytesMax: number;
  readonly dialTimeoutMs: number;
  readonly pingMs: number;
  /** A link whose pings stay unanswered so long is closed. */
  readonly silenceMs: number;
  /** Between two statuses of one member, at least; and at most, for 100 members. */
  readonly statusDelayMs: number;
  readonly statusEveryMs: number;
  /** A member that nobody reaches and no server vouches for is forgotten after this. */
  readonly forgetMs: number;
}

export const engineDefaults: EngineOptions = {
  connectionsTarget: 6,
  connectionsMax: 10,
  isAdaptive: false,
  tree: shortestPathTree,
  isRepairing: true,
  membersMax: 1_024,
  floodBytesMax: 512,
  floodMembersMax: 8,
  floodLinksMax: Number.POSITIVE_INFINITY,
  messageBytesMax: 16 * 1_048_576,
  announceDelayMs: 10,
  wantDelayMs: 40,
  wantDelayRtts: 0.4,
  bytesPerSecond: 64 * 1_024,
  keptBytesMax: 32 * 1_048_576,
  keptMs: 60_000,
  orderedWaitMs: 5_000,
  sourceBytesPerSecond: 4 * 1_048_576,
  sourcePacketsPerSecond: 500,
  linkBytesPerSecond: 16 * 1_048_576,
  linkPacketsPerSecond: 1_000,
  linkWindowBytes: 65_536,
  linkQueueBytesMax: 8 * 1_048_576,
  dialTimeoutMs: 8_000,
  pingMs: 2_500,
  silenceMs: 7_500,
  statusDelayMs: 250,
  statusEveryMs: 30_000,
  forgetMs: 15_000,
};
