// What play() asks of a torrent that is still looked for. As of a <video>, it then counts as playing that waits, and its promise is kept until
// it plays, is paused, or cannot be played (HTML §4.8.11.8). Pure.

interface Caller {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export class PendingPlay {
  #isWanted = false;
  readonly #callers = new Set<Caller>();

  /** Whether it plays as soon as it can. */
  get isWanted(): boolean {
    return this.#isWanted;
  }

  /** True where that is new. */
  want(): boolean {
    const isNew = !this.#isWanted;
    this.#isWanted = true;
    return isNew;
  }

  /** For whoever called play(). */
  promise(): Promise<void> {
    return new Promise((resolve, reject) => this.#callers.add({ resolve, reject }));
  }

  /** The <video> has been told to play: what becomes of that is what the callers hear. */
  settle(playing: Promise<void>): void {
    const callers = [...this.#callers];
    this.#callers.clear();
    this.#isWanted = false;
    playing.then(
      () => {
        for (const { resolve } of callers) resolve();
      },
      (error: unknown) => {
        for (const { reject } of callers) reject(error);
      },
    );
  }

  /** It shall not, or cannot, play. True where it was wanted before. */
  cancel(name: 'AbortError' | 'NotSupportedError', words: string): boolean {
    const was = this.#isWanted;
    this.settle(Promise.reject(new DOMException(words, name)));
    return was;
  }
}
