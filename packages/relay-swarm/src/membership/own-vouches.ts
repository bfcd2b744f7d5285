// Other relays' vouches that they have dialled this relay's URL. It passes them on with its descriptor. Pure.
import { VOUCHES_MAX, type Vouch } from '@relay-swarm/protocol';

/** How long a vouch counts. Later it is no longer needed: relays that have checked for themselves tell newcomers. */
const VOUCH_MS_MAX = 3_600_000;
/** How far a vouch may be dated in the future, since clocks may be wrong. */
const VOUCH_AHEAD_MS_MAX = 600_000;

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

  /** The vouches to show: the newest that still count. */
  fresh(today: number): Vouch[] {
    return [...this.#byNetwork.values()].filter((vouch) => isFreshVouch(vouch, today)).slice(-VOUCHES_MAX);
  }

  /** Our URL has changed, so the vouches are void. */
  clear(): void {
    this.#byNetwork.clear();
  }
}
