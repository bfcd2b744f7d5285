// Pings connections that are silent, spread over the ping period, and tells which are dead. Whoever is heard, by whatever frame, is not
// pinged. A probe asks one of them at once, where somebody else claims its place. Pure but for the connections: told the time once a second.

export interface Kept {
  /** When the last frame came; the connection keeps it itself. */
  heardAtMs: number;
  /** Where it is not read from now because its client was too eager: then its silence means nothing. */
  readonly isResting?: boolean;
  ping(): void;
}

export interface KeepaliveLimits {
  /** Silence after which it is pinged. */
  readonly pingMs: number;
  /** Silence after which it is dead. */
  readonly deadMs: number;
  /** How long a probed one has to answer. */
  readonly probeMs: number;
}

const TICK_MS = 1_000;

export class Keepalive<C extends Kept> {
  readonly #limits: KeepaliveLimits;
  readonly #end: (dead: C) => void;
  /** One of these is looked at in each tick. */
  readonly #slots: Set<C>[];
  readonly #slotOf = new Map<C, Set<C>>();
  readonly #probed = new Map<C, number>();
  #tick = 0;

  /** `end` is called once for each that is dead; it is forgotten by then. */
  constructor(limits: KeepaliveLimits, end: (dead: C) => void) {
    this.#limits = limits;
    this.#end = end;
    this.#slots = Array.from({ length: Math.max(1, Math.round(limits.pingMs / TICK_MS)) }, () => new Set());
  }

  get size(): number {
    return this.#slotOf.size;
  }

  connections(): IterableIterator<C> {
    return this.#slotOf.keys();
  }

  add(connection: C): void {
    const slot = this.#slots[this.#tick % this.#slots.length]!;
    slot.add(connection);
    this.#slotOf.set(connection, slot);
  }

  remove(connection: C): void {
    this.#slotOf.get(connection)?.delete(connection);
    this.#slotOf.delete(connection);
    this.#probed.delete(connection);
  }

  /** It must be heard from now on within `probeMs`, or it ends. A probe that runs goes on as it is: asking often must not put it off. */
  probe(connection: C, nowMs: number): void {
    if (!this.#slotOf.has(connection) || this.#probed.has(connection)) return;
    this.#probed.set(connection, nowMs);
    connection.heardAtMs = Math.min(connection.heardAtMs, nowMs - 1); // an answer may come in this same millisecond
    connection.ping();
  }

  /** Once a second. */
  tick(nowMs: number): void {
    this.#tick++;
    for (const connection of this.#slots[this.#tick % this.#slots.length]!) this.#look(connection, nowMs);
    for (const [connection, probedAtMs] of this.#probed) {
      if (connection.heardAtMs >= probedAtMs) this.#probed.delete(connection);
      else if (connection.isResting !== true && nowMs - probedAtMs >= this.#limits.probeMs)
        this.#finish(connection);
    }
  }

  #look(connection: C, nowMs: number): void {
    if (connection.isResting === true) return;
    const silentMs = nowMs - connection.heardAtMs;
    if (silentMs >= this.#limits.deadMs) this.#finish(connection);
    // The slot comes round once a period: whoever was silent for half of it would else be silent for longer than that.
    else if (silentMs >= this.#limits.pingMs / 2) connection.ping();
  }

  #finish(connection: C): void {
    this.remove(connection);
    this.#end(connection);
  }
}
