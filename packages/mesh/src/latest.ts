// Of some messages only the newest of each channel and source counts. They are numbered by the clock, so that a source which comes back goes on with larger numbers.

const CHANNELS_MAX = 4_096;

export class Latest {
  readonly #sent = new Map<string, number>();
  readonly #taken = new Map<string, number>();
  #last = 0;

  /** The number of our next message on the channel. */
  next(channel: string): number {
    this.#last = Math.max(this.#last + 1, Date.now());
    keep(this.#sent, channel, this.#last);
    return this.#last;
  }

  /** Whether we have numbered a newer one since. */
  isOvertaken(channel: string, id: number): boolean {
    return (this.#sent.get(channel) ?? 0) > id;
  }

  /** Whether nothing newer of this source came before; if so, it is the newest from now on. */
  isNewest(source: string, channel: string, id: number): boolean {
    const key = `${source} ${channel}`;
    if ((this.#taken.get(key) ?? 0) >= id) return false;
    keep(this.#taken, key, id);
    return true;
  }

  clear(): void {
    this.#sent.clear();
    this.#taken.clear();
  }
}

/** The longest unused goes first. */
function keep(map: Map<string, number>, key: string, value: number): void {
  map.delete(key);
  map.set(key, value);
  if (map.size > CHANNELS_MAX) map.delete(map.keys().next().value!);
}
