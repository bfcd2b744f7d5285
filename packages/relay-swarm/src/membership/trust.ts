// Whose word has turned out wrong: relays that vouched for others which then did not answer us, or raised alarms about some that did. Pure;
// bounded. Where the network is cut in two, or whole again, the words of honest relays go wrong by the dozen, all at once: what is said or
// found at one time counts once.

/** So many checks before anybody is judged: a relay that has just died makes an honest word look wrong. */
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

  /** @param againMs words that are wrong within this time count as one */
  constructor(againMs: number) {
    this.#againMs = againMs;
  }

  /** One of its words was checked; whether that has discredited it just now. */
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

  /** Now and then: what was long ago counts less. */
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

  /** Those whose word does not count. */
  get discredited(): string[] {
    return [...this.#tallies.keys()].filter((id) => this.isDiscredited(id));
  }
}
