// The last hour in numbers, for the status page: what this relay had, and how loaded the relays were that it knows. Pure; kept in memory, so a
// restart begins anew, and the page shows when.
import { NOT_LISTED, type HistoryAnswer } from '@relay-swarm/protocol/history';

export interface HistorySample {
  readonly peers: number;
  readonly swarms: number;
  readonly signalingClients: number;
  readonly allocations: number;
}

export const HISTORY_PERIOD_SECONDS = 15;
const SAMPLES_MAX = 240;
/** Relays are sampled with every fourth sample. */
const RELAY_EVERY = 4;
const RELAY_SAMPLES_MAX = SAMPLES_MAX / RELAY_EVERY;
const RELAYS_MAX = 64;

export interface ListedRelay {
  readonly id: string;
  /** From 0 to 1. */
  readonly load: number;
}

export class History {
  readonly #samples: HistorySample[] = [];
  readonly #relays = new Map<string, number[]>();
  #endsAtMs = 0;
  #count = 0;

  /** @param relays those that are listed now, the best first */
  add(sample: HistorySample, relays: readonly ListedRelay[], nowMs: number): void {
    this.#samples.push(sample);
    if (this.#samples.length > SAMPLES_MAX) this.#samples.shift();
    this.#endsAtMs = nowMs;
    if (this.#count++ % RELAY_EVERY === 0) this.#addRelays(relays);
  }

  answer(): HistoryAnswer {
    const row = (name: keyof HistorySample): number[] => this.#samples.map((sample) => sample[name]);
    return {
      periodSeconds: HISTORY_PERIOD_SECONDS,
      endsAtMs: this.#endsAtMs,
      peers: row('peers'),
      swarms: row('swarms'),
      signalingClients: row('signalingClients'),
      allocations: row('allocations'),
      relayPeriodSeconds: HISTORY_PERIOD_SECONDS * RELAY_EVERY,
      relays: Object.fromEntries(this.#relays),
    };
  }

  #addRelays(listed: readonly ListedRelay[]): void {
    const loads = new Map(listed.slice(0, RELAYS_MAX).map(({ id, load }) => [id, Math.round(load * 100)]));
    const length = Math.min(RELAY_SAMPLES_MAX, Math.ceil(this.#count / RELAY_EVERY));
    for (const id of loads.keys())
      if (!this.#relays.has(id) && this.#relays.size < 2 * RELAYS_MAX)
        this.#relays.set(id, new Array<number>(Math.max(0, length - 1)).fill(NOT_LISTED));
    for (const [id, row] of this.#relays) {
      row.push(loads.get(id) ?? NOT_LISTED);
      if (row.length > RELAY_SAMPLES_MAX) row.shift();
      if (row.every((load) => load === NOT_LISTED)) this.#relays.delete(id);
    }
  }
}
