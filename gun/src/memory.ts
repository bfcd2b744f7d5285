// Which part of the graph is kept: the souls that were written last, up to a number of bytes. Pure.

/** What gun's objects take beside the text itself, roughly: key, value and state. */
const FIELD_BYTES = 100;

export class Memory {
  readonly #bytesMax: number;
  readonly #forget: (soul: string) => void;
  /** In the order of writing, the newest last. */
  readonly #souls = new Map<string, number>();
  bytes = 0;
  forgotten = 0;

  constructor(bytesMax: number, forget: (soul: string) => void) {
    this.#bytesMax = bytesMax;
    this.#forget = forget;
  }

  get souls(): number {
    return this.#souls.size;
  }

  /** A field of a soul takes the place of another value, or of none. */
  written(soul: string, key: string, before: unknown, value: unknown): void {
    const grown =
      before === undefined ? FIELD_BYTES + 2 * key.length + bytesOf(value) : bytesOf(value) - bytesOf(before);
    const known = this.#souls.get(soul);
    this.#souls.delete(soul);
    this.#souls.set(soul, (known ?? 2 * soul.length + FIELD_BYTES) + grown);
    this.bytes += grown + (known === undefined ? 2 * soul.length + FIELD_BYTES : 0);
    for (const [oldest, bytes] of this.#souls) {
      if (this.bytes <= this.#bytesMax) return;
      this.#souls.delete(oldest);
      this.bytes -= bytes;
      this.forgotten++;
      this.#forget(oldest);
    }
  }
}

/** A character may take two bytes; numbers and links are small. */
const bytesOf = (value: unknown): number => (typeof value === 'string' ? 2 * value.length : 16);
