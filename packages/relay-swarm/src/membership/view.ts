// With whom to have a session: a few, in different networks, and never "everybody up to a cap" (after HyParView, Leitão 2007). Pure.

export interface ViewPeer {
  readonly id: string;
  readonly network: string;
  /** Dialled by us, by our own choice. */
  readonly isChosen: boolean;
  readonly sinceMs: number;
}

/** The share of its sessions that a relay opens itself; the rest is for relays that dial it. */
const SOUGHT_SHARE = 2 / 3;
/** Sessions with one network; where there are more, those are ended first. */
const PER_NETWORK_MAX = 2;
/** A session is ended for an isolated newcomer only once it is this old, and at most one in this time. */
const REPLACEABLE_MS = 10_000;
const REPLACE_AGAIN_MS = 3_000;
/** How often a full view replaces a session that it has chosen, so that views that formed on one side of a cut mix again. */
const RENEW_MS = 300_000;
/** A relay with fewer sessions than this counts as isolated. */
export const ISOLATED_SESSIONS = 2;

/** How many sessions to look for: all where all fit, so that a small swarm is a full mesh. */
export function soughtSessions(othersKnown: number, sessionsMax: number): number {
  return othersKnown <= sessionsMax ? othersKnown : Math.ceil(SOUGHT_SHARE * sessionsMax);
}

/** Of some candidates the one to dial: the first whose network is not in the view yet. */
export function chooseToDial<T>(
  candidates: readonly T[],
  networkOf: (candidate: T) => string,
  view: readonly ViewPeer[],
): T | undefined {
  const networks = new Set(view.map(({ network }) => network));
  return candidates.find((candidate) => !networks.has(networkOf(candidate))) ?? candidates[0];
}

export class Replacement {
  #replacedAtMs = -Infinity;

  /**
   * The session to end for a relay that no other relay has let in: one of a network that is there too often, else any that we have not
   * chosen ourselves. A relay has chosen at least half of its sessions itself, so strangers cannot push out all of them.
   */
  choose(
    view: readonly ViewPeer[],
    newcomerNetwork: string,
    nowMs: number,
    random: () => number,
  ): ViewPeer | undefined {
    if (nowMs - this.#replacedAtMs < REPLACE_AGAIN_MS) return undefined;
    const count = (network: string): number => view.filter((peer) => peer.network === network).length;
    if (count(newcomerNetwork) >= PER_NETWORK_MAX) return undefined;
    const old = view.filter(({ sinceMs }) => nowMs - sinceMs >= REPLACEABLE_MS);
    const crowded = old.filter(({ network }) => count(network) > PER_NETWORK_MAX);
    const come = old.filter(({ isChosen }) => !isChosen);
    const from = crowded.length > 0 ? crowded : come.length > 0 ? come : [];
    const chosen = from[Math.floor(random() * from.length)];
    if (chosen !== undefined) this.#replacedAtMs = nowMs;
    return chosen;
  }
}

export class Renewal {
  #renewedAtMs: number;

  constructor(nowMs: number) {
    this.#renewedAtMs = nowMs;
  }

  /** The session to give up now, the oldest of those that we have chosen ourselves. */
  choose(view: readonly ViewPeer[], nowMs: number): ViewPeer | undefined {
    if (nowMs - this.#renewedAtMs < RENEW_MS) return undefined;
    this.#renewedAtMs = nowMs;
    const chosen = view.filter(({ isChosen }) => isChosen).sort((a, b) => a.sinceMs - b.sinceMs);
    return chosen[0];
  }
}
