// A peer id that two connections announce in one swarm. The one that came first holds the id as long as its socket lives: nobody who has
// read an id in an offer can take it. But a browser that reconnects announces its id while the tracker still believes in its old
// socket: so the holder is asked for a sign of life, and where it gives none, the id goes to one of those who wait for it.
import type { Link, Peer } from './peer.ts';

/** Connections that wait for one id; a further one is refused. */
const WAITING_MAX = 4;
/** A holder that gave its sign of life is not asked again for so long. */
const PROVEN_MS = 30_000;

interface Waiting {
  readonly link: Link;
  readonly isSeeder: boolean;
}

interface Contest {
  waiting: Waiting[];
  /** What the holder was asked for it, as its link names it; undefined where an answer has been noticed. It may be asked other things later. */
  askedUntilMs: number | undefined;
  provenUntilMs: number;
}

export class IdContests {
  readonly #contests = new Map<Peer, Contest>();

  get size(): number {
    return this.#contests.size;
  }

  /** Somebody else announces the holder's id. True where it may hope: it waits while the holder is asked. */
  enter(holder: Peer, link: Link, isSeeder: boolean, nowMs: number): boolean {
    let contest = this.#contests.get(holder);
    if (contest === undefined) {
      contest = { waiting: [], askedUntilMs: undefined, provenUntilMs: 0 };
      this.#contests.set(holder, contest);
    }
    if (contest.askedUntilMs !== undefined && !isUnanswered(contest, holder)) {
      contest.askedUntilMs = undefined;
      contest.waiting = [];
      contest.provenUntilMs = nowMs + PROVEN_MS;
    }
    if (nowMs < contest.provenUntilMs) return false;
    const others = contest.waiting.filter((one) => one.link !== link && one.link.isOpen);
    if (others.length >= WAITING_MAX) return false;
    contest.waiting = [...others, { link, isSeeder }];
    holder.link.probe();
    contest.askedUntilMs ??= holder.link.probedUntilMs;
    return true;
  }

  /**
   * The holder leaves. Who gets its id, where it has not answered: somebody at its own address before others, and then who came first.
   * To be asked while the holder's link is still known.
   */
  settle(holder: Peer): Waiting | undefined {
    const contest = this.#contests.get(holder);
    if (contest === undefined) return undefined;
    this.#contests.delete(holder);
    const { addressKey } = holder.link;
    if (!isUnanswered(contest, holder)) return undefined;
    const waiting = contest.waiting.filter(({ link }) => link.isOpen);
    return waiting.find(({ link }) => link.addressKey === addressKey) ?? waiting[0];
  }
}

/** Whether the holder owes the answer to the question that was asked for this contest. */
const isUnanswered = ({ askedUntilMs }: Contest, { link }: Peer): boolean =>
  askedUntilMs !== undefined && askedUntilMs !== 0 && link.probedUntilMs === askedUntilMs;
