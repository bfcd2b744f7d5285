// Looks after open connections: pings them, spread over the ping period, and ends those that are dead, never spoke, or have nothing to do here.
// Pure but for the connections: it is told the time once a second.
import { keepaliveStepByPings } from '@relay-swarm/net';
import { REFUSALS } from '@relay-swarm/protocol/refusals';
import type { Connection } from './connection.ts';

export interface KeepaliveLimits {
  readonly pingSeconds: number;
  /** From the upgrade to the first frame. */
  readonly firstFrameSeconds: number;
  /** Without a frame and without a peer, an announce or a subscription. */
  readonly idleSeconds: number;
}

const PINGS_UNANSWERED_MAX = 2;
/** How long a probed connection has to answer. */
export const PROBE_MS = 5_000;

export class Keepalive {
  readonly #limits: KeepaliveLimits;
  readonly #slots: Set<Connection>[];
  readonly #slotOf = new Map<Connection, Set<Connection>>();
  readonly #silent = new Set<Connection>();
  readonly #probed = new Set<Connection>();
  #tick = 0;
  readonly ended = { dead: 0, silent: 0, idle: 0 };

  constructor(limits: KeepaliveLimits) {
    this.#limits = limits;
    this.#slots = Array.from({ length: limits.pingSeconds }, () => new Set());
  }

  get size(): number {
    return this.#slotOf.size;
  }

  connections(): IterableIterator<Connection> {
    return this.#slotOf.keys();
  }

  add(connection: Connection): void {
    const slot = this.#slots[this.#tick % this.#slots.length]!;
    slot.add(connection);
    this.#slotOf.set(connection, slot);
    this.#silent.add(connection);
  }

  hasSpoken(connection: Connection): void {
    this.#silent.delete(connection);
  }

  /** A running probe keeps its deadline: a client that asks for the id every 2 s must not postpone it. */
  probe(connection: Connection, nowMs: number): void {
    if (connection.probedUntilMs !== 0) return;
    connection.probedUntilMs = nowMs + PROBE_MS;
    connection.ping();
    this.#probed.add(connection);
  }

  remove(connection: Connection): void {
    this.#slotOf.get(connection)?.delete(connection);
    this.#slotOf.delete(connection);
    this.#silent.delete(connection);
    this.#probed.delete(connection);
  }

  /** Once a second. */
  tick(nowMs: number): void {
    this.#tick++;
    for (const connection of this.#slots[this.#tick % this.#slots.length]!) this.#look(connection, nowMs);
    for (const connection of this.#silent) {
      if (nowMs - connection.openedAtMs < this.#limits.firstFrameSeconds * 1000) break; // in the order of their opening
      this.ended.silent++;
      this.#silent.delete(connection);
      connection.close(REFUSALS.silent.close, REFUSALS.silent.sentence);
    }
    for (const connection of this.#probed) {
      if (connection.probedUntilMs === 0) this.#probed.delete(connection);
      else if (nowMs >= connection.probedUntilMs && !connection.isResting) this.#end(connection);
    }
  }

  #look(connection: Connection, nowMs: number): void {
    const step = keepaliveStepByPings(connection.isResting, connection.pingsUnanswered, PINGS_UNANSWERED_MAX);
    if (step === 'wait') return;
    if (step === 'end') this.#end(connection);
    else if (connection.isIdle && nowMs - connection.lastFrameMs >= this.#limits.idleSeconds * 1000) {
      this.ended.idle++;
      connection.close(REFUSALS.idle.close, 'Idle: nothing announced and nothing asked for');
    } else connection.ping();
  }

  #end(connection: Connection): void {
    this.ended.dead++;
    this.remove(connection);
    connection.terminate();
  }
}
