// The last hour of a relay in numbers, GET /history.json: what the tracker answers, and how the status page reads it.

/** Lists run from the oldest sample to the newest. */
export interface HistoryAnswer {
  readonly periodSeconds: number;
  /** Milliseconds since 1970, of the newest sample; 0 before there is one. */
  readonly endsAtMs: number;
  readonly peers: readonly number[];
  readonly swarms: readonly number[];
  readonly signalingClients: readonly number[];
  readonly allocations: readonly number[];
  readonly relayPeriodSeconds: number;
  /** Relay id → load in percent; NOT_LISTED where it was not. */
  readonly relays: Readonly<Record<string, readonly number[]>>;
}

export const NOT_LISTED = -1;

/** As it is read: nobody's id is taken for a property that every object has. */
export interface RelayHistory extends Omit<HistoryAnswer, 'relays' | 'relayPeriodSeconds'> {
  readonly relays: ReadonlyMap<string, readonly number[]>;
}

const SAMPLES_MAX = 1_000;

/** Throws where a row is none. A number that cannot be read is 0. */
export function decodeHistory(text: string): RelayHistory {
  const json = JSON.parse(text) as Readonly<Record<string, unknown>>;
  const row = (name: keyof HistoryAnswer): number[] => numbers(json[name]);
  const [periodSeconds = 1, endsAtMs = 0] = numbers([json['periodSeconds'], json['endsAtMs']]);
  const relays = Object.entries(json['relays'] ?? {}).map(([id, loads]) => [id, numbers(loads)] as const);
  return {
    ...{ periodSeconds, endsAtMs },
    ...{ peers: row('peers'), swarms: row('swarms') },
    ...{ signalingClients: row('signalingClients'), allocations: row('allocations') },
    relays: new Map(relays),
  };
}

function numbers(value: unknown): number[] {
  if (!Array.isArray(value) || value.length > SAMPLES_MAX) throw new Error('Cannot read a row of numbers');
  return value.map((one) => (typeof one === 'number' && Number.isFinite(one) ? one : 0));
}
