// The relays of all sources as one list: whose word counts, who is usable. Pure: no clock, no sockets.
import { rankRelays } from '@relay-swarm/protocol/ranking';
import type { Roster as RosterAnswer, RosterRelay } from '@relay-swarm/protocol/roster';

/** Membership must agree between clients, so a relay that one source lacks for a moment stays. */
const FORGOTTEN_AFTER_MS = 10 * 60_000;
/** A relay that has failed is passed over for so long, unless it answers before. */
export const FAILED_MS = 30_000;

const AGE_SECONDS_MAX = 86_400; // the format's own (PROTOCOL.md)

/** Which relays come into question at all: not each has every service. */
export type Offers = (relay: RosterRelay) => boolean;
const all: Offers = () => true;

export interface KnownRelay {
  readonly relay: RosterRelay;
  /** When a source last listed it, and when that was written. */
  readonly heardAtMs: number;
  readonly writtenAtMs: number;
}

export class KnownRelays {
  readonly #relays = new Map<string, KnownRelay>();
  readonly #failedUntilMs = new Map<string, number>();

  /**
   * Takes in a roster; whether anything has changed in who is there, where, or how.
   * @param ageMs how old it was when it came, where that is known: better than the clock of the relay that wrote it
   */
  merge({ relays, generatedAt }: RosterAnswer, nowMs: number, ageMs?: number): boolean {
    const before = this.#fingerprint();
    const writtenAtMs = ageMs === undefined ? generatedAt : nowMs - ageMs;
    for (const listed of relays) {
      const known = this.#relays.get(listed.id);
      const ageSeconds = listed.ageSeconds + Math.round((ageMs ?? 0) / 1000);
      const isOlder = known !== undefined && known.writtenAtMs > writtenAtMs;
      this.#relays.set(listed.id, {
        relay: isOlder ? known.relay : { ...listed, ageSeconds: Math.min(ageSeconds, AGE_SECONDS_MAX) },
        heardAtMs: nowMs,
        writtenAtMs: Math.max(writtenAtMs, known?.writtenAtMs ?? 0),
      });
    }
    for (const [id, { heardAtMs }] of this.#relays)
      if (nowMs - heardAtMs > FORGOTTEN_AFTER_MS) this.#relays.delete(id);
    return this.#fingerprint() !== before;
  }

  get all(): RosterRelay[] {
    return [...this.#relays.values()].map(({ relay }) => relay);
  }

  get(id: string): RosterRelay | undefined {
    return this.#relays.get(id)?.relay;
  }

  /** The place of each relay for this key; health is not looked at. */
  ranking(key: string): RosterRelay[] {
    return rankRelays(key, this.all);
  }

  /** The first k of the ranking that are usable; where these are too few, the others fill up, since health may be an old story. */
  firstUsable(key: string, k: number, nowMs: number, offers: Offers = all): RosterRelay[] {
    const ranking = this.ranking(key).filter(offers);
    const usable = ranking.filter((relay) => this.isUsable(relay, nowMs));
    const others = ranking.filter((relay) => !usable.includes(relay));
    return [...usable, ...others].slice(0, k);
  }

  isUsable({ id, state }: RosterRelay, nowMs: number): boolean {
    return (state === 'ok' || state === 'busy') && !((this.#failedUntilMs.get(id) ?? 0) > nowMs);
  }

  /** What a socket has seen of a relay counts before what others say. */
  report(id: string, isAlive: boolean, nowMs: number): void {
    if (isAlive) this.#failedUntilMs.delete(id);
    else this.#failedUntilMs.set(id, nowMs + FAILED_MS);
  }

  #fingerprint(): string {
    const lines = this.all.map(
      ({ id, url, state, peerjs, iceServers }) => `${id} ${url} ${state} ${peerjs ?? ''} ${iceServers ?? ''}`,
    );
    return lines.sort().join('\n');
  }
}
