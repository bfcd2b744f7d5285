// The lazy half of a broadcast: packets kept for those who ask, who has which, and what we have heard of and miss.
import type { PacketId } from '@relay-swarm/protocol/mesh-packet';
import { Timers, type Timer } from './timers.ts';

export const packetKey = ({ source, epoch, seq, chunk }: PacketId): string =>
  `${source}.${epoch}.${seq}.${chunk}`;

/** A packet that we have, and may pass on. */
export interface Held {
  readonly id: PacketId;
  readonly packet: Uint8Array;
  readonly signature: Uint8Array;
  readonly kind: 'tree' | 'flood' | 'direct' | 'status';
  readonly hops: number;
  /** Peers that have it or were sent it: nobody is sent it twice. */
  readonly known: Set<string>;
  readonly keptAtMs: number;
  /** How often somebody who should have it has asked. */
  readonly asked: Map<string, number>;
}

/** Packets kept for a while, up to a number of bytes. */
export class KeptPackets {
  readonly #held = new Map<string, Held>();
  readonly #limits: { bytesMax: number; keptMs: number };
  #bytes = 0;

  constructor(limits: { bytesMax: number; keptMs: number }) {
    this.#limits = limits;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(key: string): Held | undefined {
    return this.#held.get(key);
  }

  add(key: string, held: Held): void {
    this.#held.set(key, held);
    this.#bytes += held.packet.length;
    for (const [old, { packet, keptAtMs }] of this.#held) {
      const isOld = held.keptAtMs - keptAtMs > this.#limits.keptMs;
      if (old === key || (!isOld && this.#bytes <= this.#limits.bytesMax)) break;
      this.#held.delete(old);
      this.#bytes -= packet.length;
    }
  }

  /** Broadcasts that came later than this, the newest first. */
  broadcastsSince(sinceMs: number): Held[] {
    const isMeant = ({ kind, keptAtMs }: Held): boolean =>
      keptAtMs >= sinceMs && (kind === 'tree' || kind === 'flood');
    return [...this.#held.values()].filter(isMeant).reverse();
  }

  clear(): void {
    this.#held.clear();
    this.#bytes = 0;
  }
}

interface Missing {
  readonly id: PacketId;
  readonly bytes: number;
  /** Who has it and has not been asked since the last round. */
  readonly holders: Set<string>;
  readonly asked: Set<string>;
  rounds: number;
  waits: number;
  timer: Timer | undefined;
}

export interface MissingOptions {
  readonly timers: Timers;
  /** Before the first question: a copy may be on its way. */
  readonly firstDelayMs: (bytes: number) => number;
  /** Before the next holder is asked. */
  readonly nextDelayMs: (bytes: number, peer: string) => number;
  /** Of these, whom to ask. */
  readonly choose: (holders: Iterable<string>) => string | undefined;
  readonly ask: (peer: string, id: PacketId) => void;
  /** When a part of the same message came last. */
  readonly progressAtMs: (id: PacketId) => number;
}

const MISSING_MAX = 8_192;
const ROUNDS_MAX = 3;
const WAITS_MAX = 40;

/** Packets that others have announced and that have not come. */
export class MissingPackets {
  readonly #options: MissingOptions;
  readonly #missing = new Map<string, Missing>();

  constructor(options: MissingOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#missing.size;
  }

  announced(key: string, id: PacketId, bytes: number, peer: string, nowMs: number): void {
    const known = this.#missing.get(key);
    if (known) {
      if (!known.asked.has(peer)) known.holders.add(peer);
      return;
    }
    if (this.#missing.size >= MISSING_MAX) return;
    const entry: Missing = {
      id,
      bytes,
      holders: new Set([peer]),
      asked: new Set(),
      rounds: 0,
      waits: 0,
      timer: undefined,
    };
    this.#missing.set(key, entry);
    this.#wait(key, entry, nowMs + this.#options.firstDelayMs(bytes));
  }

  /** The packet is here. Returns who else has it. */
  arrived(key: string): Iterable<string> {
    const entry = this.#missing.get(key);
    if (!entry) return [];
    this.#missing.delete(key);
    Timers.cancel(entry.timer);
    return [...entry.holders, ...entry.asked];
  }

  clear(): void {
    for (const { timer } of this.#missing.values()) Timers.cancel(timer);
    this.#missing.clear();
  }

  #wait(key: string, entry: Missing, atMs: number): void {
    entry.timer = this.#options.timers.at(atMs, (nowMs) => this.#due(key, entry, nowMs));
  }

  #due(key: string, entry: Missing, nowMs: number): void {
    const { firstDelayMs, nextDelayMs, choose, ask, progressAtMs } = this.#options;
    // Other parts of the message still come in, so this one is most likely on its way too: only slower than its announcement.
    const restedMs = nowMs - progressAtMs(entry.id);
    const patienceMs = firstDelayMs(entry.bytes);
    if (entry.rounds === 0 && restedMs < patienceMs && entry.waits < WAITS_MAX) {
      entry.waits++;
      this.#wait(key, entry, nowMs + patienceMs - restedMs);
      return;
    }
    const peer = choose(entry.holders);
    if (peer === undefined) {
      entry.holders.clear(); // those that could not be chosen have gone
      if (entry.asked.size === 0 || ++entry.rounds >= ROUNDS_MAX) {
        this.#missing.delete(key);
        return;
      }
      for (const one of entry.asked) entry.holders.add(one);
      entry.asked.clear();
      this.#wait(key, entry, nowMs + patienceMs);
      return;
    }
    entry.holders.delete(peer);
    entry.asked.add(peer);
    ask(peer, entry.id);
    this.#wait(key, entry, nowMs + nextDelayMs(entry.bytes, peer));
  }
}
