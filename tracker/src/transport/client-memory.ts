// What is held for connections: each counts against one budget, for itself, for what has come of a message that is not whole, and for
// what it does not read. A message must also end in time.
import type { ByteBudget, Holder } from '@relay-swarm/net';
import { REFUSALS } from '@relay-swarm/protocol/refusals';
import type { Connection } from './connection.ts';

export interface ClientMemoryOptions {
  readonly budget: ByteBudget;
  /** For one message, from the read that began it. */
  readonly unfinishedSecondsMax: number;
}

/** An open connection that does nothing: half of what it takes, as in the budget whatever is held counts half (budget-of-service.ts). */
const CONNECTION_BYTES = 5_000;
/** What the kernel may keep of a connection that is not read from. */
const UNREAD_BYTES = 65_536;

export class ClientMemory {
  readonly #budget: ByteBudget;
  readonly #unfinishedSecondsMax: number;
  /** Those that wait for the end of a message, the oldest first. */
  readonly #unfinished = new Set<Connection>();
  /** Those that have not read everything, or are not read from. */
  readonly #waiting = new Set<Connection>();
  readonly ended = { unfinished: 0, memory: 0 };

  constructor({ budget, unfinishedSecondsMax }: ClientMemoryOptions) {
    this.#budget = budget;
    this.#unfinishedSecondsMax = unfinishedSecondsMax;
  }

  /** Messages that are not whole. */
  get unfinished(): number {
    return this.#unfinished.size;
  }

  open(addressKey: string, end: () => void): Holder {
    return this.#budget.open(addressKey, () => {
      this.ended.memory++;
      end();
    });
  }

  /** Takes the connection in, or ends it where its address holds too much already. */
  add(connection: Connection): void {
    if (connection.hold(CONNECTION_BYTES)) return;
    this.ended.memory++;
    connection.close(REFUSALS.address_memory.close, REFUSALS.address_memory.sentence);
  }

  /** After each read of its socket that left a message unfinished, or finished one that was. */
  noteUnfinished(connection: Connection, nowMs: number): void {
    const { partial } = connection;
    if (!connection.isUnfinished || partial === undefined) {
      this.#finish(connection);
      return;
    }
    if (partial.sinceMs === 0) {
      this.#unfinished.delete(connection); // another message than before: it is the youngest
      this.#unfinished.add(connection);
      connection.isCountedUnfinished = true;
      partial.sinceMs = nowMs;
    }
    this.#count(connection);
  }

  /** Something was left over after a write, or reading was stopped. */
  noteWaiting(connection: Connection): void {
    this.#waiting.add(connection);
    this.#count(connection);
  }

  remove(connection: Connection): void {
    this.#unfinished.delete(connection);
    this.#waiting.delete(connection);
    connection.holder.close();
  }

  /** Once a second. */
  tick(nowMs: number): void {
    for (const connection of this.#waiting) {
      if (connection.unreadBytes === 0 && !connection.isResting) this.#waiting.delete(connection);
      this.#count(connection);
    }
    for (const connection of this.#unfinished) {
      if (nowMs - (connection.partial?.sinceMs ?? 0) < this.#unfinishedSecondsMax * 1000) return;
      if (connection.isResting) continue; // it is us who do not read
      this.ended.unfinished++;
      this.#finish(connection);
      connection.close(REFUSALS.unfinished_message.close, REFUSALS.unfinished_message.sentence);
    }
  }

  #finish(connection: Connection): void {
    this.#unfinished.delete(connection);
    connection.isCountedUnfinished = false;
    this.#count(connection);
  }

  /** Brings up to date what it holds in buffers. */
  #count(connection: Connection): void {
    if (connection.holder.isCut) return; // it ends already
    const isWaiting = this.#waiting.has(connection);
    const bytes =
      (connection.isCountedUnfinished ? (connection.partial?.heldBytes ?? 0) : 0) +
      (isWaiting ? connection.unreadBytes : 0) +
      (connection.isResting ? UNREAD_BYTES : 0);
    const more = bytes - connection.bufferedBytes;
    if (more > 0 && !connection.hold(more)) {
      this.ended.memory++;
      connection.terminate();
      return;
    }
    if (more < 0) connection.release(-more);
    connection.bufferedBytes = bytes;
  }
}
