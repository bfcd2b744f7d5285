// A peer id that two connections announce in one swarm. The first one holds the id as long as its socket lives, so a client that has read an
// id in an offer cannot take it. But a browser that reconnects announces its id before the tracker has noticed that its old socket is dead.
// So the holder is probed, and where it does not answer, the id goes to one of the connections that wait for it.
import type { Link, Peer } from './peer.ts';

/** Connections that wait for one id; a further one is refused. */
const WAITING_MAX = 4;
/** A holder that has answered is not probed again for this long. */
const PROVEN_MS = 30_000;

interface Waiting {
  readonly link: Link;
  readonly isSeeder: boolean;
}

interface Contest {
  waiting: Waiting[];
  /** The holder's probe for this contest, named by its deadline; undefined where the answer was noticed. Later probes have other deadlines. */
  askedUntilMs: number | undefined;
  provenUntilMs: number;
}

export class IdContests {
  readonly #contests = new Map<Peer, Contest>();

  get size(): number {
    return this.#contests.size;
  }

  /** Another connection announces the holder's id. True where it waits while the holder is probed. */
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
   * The holder leaves. Where it has not answered, returns the connection that gets its id: one from the holder's own address before
   * others, then the one that came first. Call it while the holder's link is still known.
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

/** Whether the holder has not answered the probe of this contest. */
const isUnanswered = ({ askedUntilMs }: Contest, { link }: Peer): boolean =>
  askedUntilMs !== undefined && askedUntilMs !== 0 && link.probedUntilMs === askedUntilMs;
