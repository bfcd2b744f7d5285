// What becomes of an announce, whatever it came over: refused, leaving, or in the swarm. What the announcer is then told is its
// front end's: offers for browsers, addresses for the others.
import type { PeerNews } from '../swarm/swarm-store.ts';

export type AnnounceEvent = 'started' | 'completed' | 'stopped' | 'update';

export interface Announce {
  readonly infoHash: string;
  readonly event: AnnounceEvent;
  /** Undefined where the announce does not say how much is left: a known peer stays what it is, a new one is a leecher. */
  readonly isSeeder: boolean | undefined;
}

/** The peers in the swarms; a key identifies a peer by what all its announces have in common. */
export interface Members<A extends Announce, M, R extends string> {
  has(announce: A): boolean;
  /** Adds or updates the peer; or returns the limit that keeps it out. */
  enter(announce: A, news: PeerNews, nowMs: number): M | R;
  leave(announce: A): void;
}

export interface AnnounceRefusal<R extends string> {
  readonly cause: R | 'not_served' | 'turned_away';
  /** In words for the client. */
  readonly reason: string;
  /** When to come back, where that is known (BEP 31). */
  readonly retryMinutes?: number;
}

export interface AnnounceRuleOptions<A extends Announce, M, R extends string> {
  readonly members: Members<A, M, R>;
  readonly limits: Readonly<Record<R, AnnounceRefusal<R>>>;
  /** Why this info hash is not served here, or undefined where it is. */
  readonly refuse: (infoHash: string) => string | undefined;
  /** Whether this relay is full or stopping: peers that are in stay, new ones are refused. */
  readonly rejectsNewcomers?: (() => boolean) | undefined;
}

const TURNED_AWAY = {
  cause: 'turned_away',
  reason: 'This relay takes no further peers now, try another one or come back later',
  retryMinutes: 1,
} as const;

/** The peer as it is in the swarm now, that it has left, or why it is refused. */
export type AnnounceOutcome<M extends object, R extends string> = M | 'left' | AnnounceRefusal<R>;

export class AnnounceRule<A extends Announce, M extends object, R extends string> {
  readonly #options: AnnounceRuleOptions<A, M, R>;

  constructor(options: AnnounceRuleOptions<A, M, R>) {
    this.#options = options;
  }

  announce(announce: A, nowMs: number): AnnounceOutcome<M, R> {
    const { members, limits, refuse, rejectsNewcomers } = this.#options;
    const reason = refuse(announce.infoHash);
    if (reason !== undefined) return { cause: 'not_served', reason };
    if (announce.event === 'stopped') {
      members.leave(announce);
      return 'left';
    }
    if (rejectsNewcomers?.() === true && !members.has(announce)) return TURNED_AWAY;
    const hasCompleted = announce.event === 'completed';
    const news = { isSeeder: hasCompleted || announce.isSeeder, hasCompleted };
    const member = members.enter(announce, news, nowMs);
    return typeof member === 'string' ? limits[member] : member;
  }
}
