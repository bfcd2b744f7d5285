// What was acknowledged before and during a fault, and whether it still holds afterwards.
import { setTimeout as after } from 'node:timers/promises';
import type { Service } from './bundle.ts';
import type { Fault } from './fault.ts';

const EVERY_MS = 3_000;

export interface Kind {
  /** In words: one of these. */
  readonly what: string;
  /** The service that has it in its memory, and nowhere else; undefined where it is on the disk, or its clients hold it. */
  readonly memory?: Service;
  /** What its client's socket goes through; the socket's end tells the client that it is over. */
  readonly sockets: readonly Service[];
  /** Rejects where it is not acknowledged. */
  readonly ask: () => Promise<Held>;
}

export interface Held {
  /** Rejects where it was lost. */
  readonly isKept: () => Promise<void>;
  readonly letGo: () => void;
}

export interface Entry {
  readonly kind: Kind;
  readonly held: Held;
  readonly askedAtMs: number;
}

/** Whether this must still hold after the fault. */
export function outlives(
  { memory, sockets }: Pick<Kind, 'memory' | 'sockets'>,
  { ends = [], cuts = [] }: Pick<Fault, 'ends' | 'cuts'>,
): boolean {
  return (
    !ends.some((service) => service === memory || sockets.includes(service)) &&
    !cuts.some((service) => sockets.includes(service))
  );
}

export class Ledger {
  readonly #kinds: readonly Kind[];
  readonly #entries: Entry[] = [];
  readonly #asking: Promise<void>;
  readonly #closing = new AbortController();

  private constructor(kinds: readonly Kind[], first: readonly Entry[]) {
    this.#kinds = kinds;
    this.#entries.push(...first);
    this.#asking = Promise.all(kinds.map((kind) => this.#goOn(kind))).then(() => undefined);
  }

  /** One of each kind is there when it is open; every few seconds there is another one, where the bundle gives it. */
  static async open(kinds: readonly Kind[]): Promise<Ledger> {
    return new Ledger(kinds, await Promise.all(kinds.map(entryOf)));
  }

  /** How many had to outlive a fault that has ended then, and what was lost of these. */
  async close(fault: Fault, endedMs: number): Promise<{ promised: number; lost: readonly string[] }> {
    this.#closing.abort();
    await this.#asking;
    const promised = this.#entries.filter(
      ({ kind, askedAtMs }) => askedAtMs > endedMs || outlives(kind, fault),
    );
    const lost = await Promise.all(
      this.#kinds.map((kind) => lostOf(promised.filter((entry) => entry.kind === kind))),
    );
    for (const { held } of this.#entries) held.letGo();
    return { promised: promised.length, lost: lost.flat() };
  }

  async #goOn(kind: Kind): Promise<void> {
    const { signal } = this.#closing;
    for (;;) {
      await after(EVERY_MS, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      // What was not acknowledged cannot be lost.
      await entryOf(kind).then(
        (entry) => this.#entries.push(entry),
        () => undefined,
      );
    }
  }
}

async function entryOf(kind: Kind): Promise<Entry> {
  const askedAtMs = performance.now();
  return { kind, askedAtMs, held: await kind.ask() };
}

/** One is asked for after the other: relayed ports are few. */
async function lostOf(entries: readonly Entry[]): Promise<string[]> {
  const lost: string[] = [];
  for (const { kind, held } of entries)
    await held.isKept().catch((error: unknown) => lost.push(`${kind.what}: ${String(error)}`));
  return lost;
}
