// The souls that were asked for lately, bounded in number and characters: a new link is asked for them. Pure.

const SOULS_MAX = 500;
const CHARS_MAX = 65_536;

export class RecentlyAsked {
  readonly #souls = new Set<string>();
  #chars = 0;

  get chars(): number {
    return this.#chars;
  }

  souls(): IterableIterator<string> {
    return this.#souls.values();
  }

  add(soul: string): void {
    if (this.#souls.delete(soul)) this.#chars -= soul.length;
    this.#souls.add(soul);
    this.#chars += soul.length;
    for (const oldest of this.#souls) {
      if (this.#souls.size <= SOULS_MAX && this.#chars <= CHARS_MAX) return;
      this.#souls.delete(oldest);
      this.#chars -= oldest.length;
    }
  }
}
