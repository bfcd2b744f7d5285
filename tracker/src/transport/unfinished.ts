// Messages that have begun to come and are not whole: what is held for them is bounded in time for each, and in bytes for all together.
import type { Connection } from './connection.ts';

export interface UnfinishedLimits {
  /** For one message, from the read that began it. */
  readonly secondsMax: number;
  /** For all connections together. */
  readonly bytesMax: number;
}

/** Where too much is held, the largest are cut off until this share of it is left. */
const LEFT_OF_BYTES_MAX = 0.75;

export class Unfinished {
  readonly #limits: UnfinishedLimits;
  /** Those that wait for the end of a message, the oldest first. */
  readonly #waiting = new Set<Connection>();
  heldBytes = 0;
  readonly ended = { unfinished: 0, memory: 0 };

  constructor(limits: UnfinishedLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** After each read of its socket. */
  note(connection: Connection, nowMs: number): void {
    const { meter } = connection;
    if (!meter.isUnfinished) {
      if (connection.unfinishedSinceMs !== 0) this.remove(connection);
      return;
    }
    if (connection.unfinishedSinceMs === 0 || connection.finishedThen !== meter.finished) {
      this.#waiting.delete(connection); // another message than before: it is the youngest
      this.#waiting.add(connection);
      connection.unfinishedSinceMs = nowMs;
      connection.finishedThen = meter.finished;
    }
    this.heldBytes += meter.heldBytes - connection.heldBytes;
    connection.heldBytes = meter.heldBytes;
    if (this.heldBytes > this.#limits.bytesMax) this.#cut();
  }

  remove(connection: Connection): void {
    this.#waiting.delete(connection);
    this.heldBytes -= connection.heldBytes;
    connection.heldBytes = 0;
    connection.unfinishedSinceMs = 0;
  }

  /** Once a second. */
  tick(nowMs: number): void {
    for (const connection of this.#waiting) {
      if (nowMs - connection.unfinishedSinceMs < this.#limits.secondsMax * 1000) return;
      if (connection.isPaused) continue; // it is us who do not read
      this.ended.unfinished++;
      this.remove(connection);
      connection.close(1008, 'A message was begun and not finished in time');
    }
  }

  #cut(): void {
    const bySize = [...this.#waiting].sort((one, other) => other.heldBytes - one.heldBytes);
    for (const connection of bySize) {
      if (this.heldBytes <= LEFT_OF_BYTES_MAX * this.#limits.bytesMax) return;
      this.ended.memory++;
      this.remove(connection);
      connection.terminate();
    }
  }
}
