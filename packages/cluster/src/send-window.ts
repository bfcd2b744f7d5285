// How much may be on its way to the engine. The client library has no back-pressure of its own: while a server hung, it held everything.
// What was published is confirmed by the carrier's flush, one at a time. Pure: a flush is passed in.

/** Half of it is for what is needed; offers, of which clients send more anyway, get the first half only. */
const UNCONFIRMED_BYTES_MAX = 16_777_216;

export class SendWindow {
  readonly #flush: () => Promise<void>;
  #unconfirmed = 0;
  #sinceFlush = 0;
  #isFlushing = false;
  /** Bytes that were not sent because the window was full. */
  refusedBytes = 0;

  constructor(flush: () => Promise<void>) {
    this.#flush = flush;
  }

  get unconfirmedBytes(): number {
    return this.#unconfirmed;
  }

  /** Whether what can be done without should not be sent. */
  get isTight(): boolean {
    return this.#unconfirmed > UNCONFIRMED_BYTES_MAX / 2;
  }

  /** False where there is no room: the bytes must not be published. */
  take(bytes: number): boolean {
    if (this.#unconfirmed + bytes > UNCONFIRMED_BYTES_MAX) {
      this.refusedBytes += bytes;
      return false;
    }
    this.#unconfirmed += bytes;
    this.#sinceFlush += bytes;
    if (!this.#isFlushing) this.#confirm();
    return true;
  }

  #confirm(): void {
    const bytes = this.#sinceFlush;
    this.#sinceFlush = 0;
    this.#isFlushing = true;
    const done = (): void => {
      this.#isFlushing = false;
      this.#unconfirmed -= bytes;
      if (this.#sinceFlush > 0) this.#confirm();
    };
    // A flush that fails ends what it stood for too: a connection that broke has dropped it.
    void this.#flush().then(done, done);
  }
}
