// What others say of this relay: that they have dialled its URL. It hands their words on with its descriptor. Pure.
import { VOUCHES_MAX, type Vouch } from '@relay-swarm/protocol';

/** A vouch counts for so long: whoever comes later is told by those who have looked themselves. */
export const VOUCH_MS_MAX = 3_600_000;
/** By a clock that may be wrong. */
export const VOUCH_AHEAD_MS_MAX = 600_000;

export const isFreshVouch = ({ at }: Vouch, today: number): boolean =>
  at > today - VOUCH_MS_MAX && at < today + VOUCH_AHEAD_MS_MAX;

export class OwnVouches {
  /** The newest of each network. */
  readonly #byNetwork = new Map<string, Vouch>();

  add(vouch: Vouch, network: string): void {
    this.#byNetwork.delete(network);
    this.#byNetwork.set(network, vouch);
    if (this.#byNetwork.size > 2 * VOUCHES_MAX) this.#byNetwork.delete(this.#byNetwork.keys().next().value!);
  }

  /** Those to show, the newest that are fresh. */
  fresh(today: number): Vouch[] {
    return [...this.#byNetwork.values()].filter((vouch) => isFreshVouch(vouch, today)).slice(-VOUCHES_MAX);
  }

  /** Of another URL: void. */
  clear(): void {
    this.#byNetwork.clear();
  }
}
