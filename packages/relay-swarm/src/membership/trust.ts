// Relays that were wrong about others: they vouched for some that did not answer us, or raised alarms about some that did. Pure; bounded.
// Where the network is cut in two, or whole again, many claims of honest relays become wrong at once, so claims or checks of one moment
// count once.

/** Checks before a relay is judged: one that has just died makes an honest vouch look wrong. */
const CHECKED_MIN = 6;
const WRONG_SHARE_MAX = 0.5;
const JUDGED_MAX = 4_096;

interface Tally {
  checked: number;
  wrong: number;
  wrongAtMs: number;
}

export class Trust {
  readonly #tallies = new Map<string, Tally>();
  readonly #againMs: number;

  /** @param againMs claims found wrong within this time count as one */
  constructor(againMs: number) {
    this.#againMs = againMs;
  }

  /** One of its claims was checked. Returns whether that has discredited it just now. */
  note(id: string, isRight: boolean, atMs: number): boolean {
    const before = this.isDiscredited(id);
    const tally = this.#tallies.get(id) ?? { checked: 0, wrong: 0, wrongAtMs: -Infinity };
    if (!isRight) {
      if (atMs - tally.wrongAtMs < this.#againMs) return false;
      tally.wrong++;
      tally.wrongAtMs = atMs;
    }
    tally.checked++;
    this.#tallies.delete(id);
    this.#tallies.set(id, tally);
    if (this.#tallies.size > JUDGED_MAX) this.#tallies.delete(this.#tallies.keys().next().value!);
    return !before && this.isDiscredited(id);
  }

  /** To be called now and then, so that old results count less. */
  fade(): void {
    for (const [id, tally] of this.#tallies) {
      tally.checked /= 2;
      tally.wrong /= 2;
      if (tally.checked < 1) this.#tallies.delete(id);
    }
  }

  isDiscredited(id: string): boolean {
    const tally = this.#tallies.get(id);
    return (
      tally !== undefined && tally.checked >= CHECKED_MIN && tally.wrong > WRONG_SHARE_MAX * tally.checked
    );
  }

  /** Relays whose claims do not count. */
  get discredited(): string[] {
    return [...this.#tallies.keys()].filter((id) => this.isDiscredited(id));
  }
}
