// How a relay is: the signed health snapshot that relays send each other.
import { canonicalJson } from './canonical-json.ts';
import { RELAY_ID_CHARS, SERVICE_NAME, SIGNATURE_CHARS, TIME_MS_MAX } from './descriptor.ts';
import type { Fields } from './fields.ts';

/** Best first. `draining`: about to stop. */
export const RELAY_STATES = ['ok', 'busy', 'full', 'draining'] as const;
export type RelayState = (typeof RELAY_STATES)[number];

export interface RelayHealth {
  readonly id: string;
  /** Grows with each snapshot, also over a restart. */
  readonly sequence: number;
  /** Milliseconds since 1970, by the relay's own clock: receivers count age from the arrival. */
  readonly sampledAt: number;
  readonly state: RelayState;
  /** From 0 to 1: the fullest of its resources. */
  readonly load: number;
  /** Of the whole machine, from 0 to 1. */
  readonly cpu: number;
  readonly memory: number;
  readonly receivedBytesPerSecond: number;
  readonly sentBytesPerSecond: number;
  readonly peers: number;
  readonly connections: number;
  readonly allocations: number;
  /** Services that the descriptor names but that have stopped telling how they are: "peerjs", "stun". */
  readonly missing: readonly string[];
}

export interface SignedRelayHealth extends RelayHealth {
  readonly signature: string;
}

/** More than any one machine serves: who claims more is not believed at all. */
const COUNT_MAX = 10_000_000;
const BYTES_PER_SECOND_MAX = 1_000_000_000_000;
const MISSING_MAX = 8;

/** The text that the signature covers. */
export function healthText(health: RelayHealth): string {
  const { id, sequence, sampledAt, state, load, cpu, memory } = health;
  const { receivedBytesPerSecond, sentBytesPerSecond, peers, connections, allocations, missing } = health;
  return `relay-swarm health\n${canonicalJson({
    ...{ id, sequence, sampledAt, state, load, cpu, memory },
    ...{ receivedBytesPerSecond, sentBytesPerSecond, peers, connections, allocations, missing },
  })}`;
}

export function readHealth(fields: Fields): SignedRelayHealth {
  return {
    id: fields.hex('id', RELAY_ID_CHARS),
    sequence: fields.integer('sequence', 0, Number.MAX_SAFE_INTEGER),
    sampledAt: fields.integer('sampledAt', 0, TIME_MS_MAX),
    state: fields.oneOf('state', RELAY_STATES),
    load: fields.decimal('load', 0, 1),
    cpu: fields.decimal('cpu', 0, 1),
    memory: fields.decimal('memory', 0, 1),
    receivedBytesPerSecond: fields.integer('receivedBytesPerSecond', 0, BYTES_PER_SECOND_MAX),
    sentBytesPerSecond: fields.integer('sentBytesPerSecond', 0, BYTES_PER_SECOND_MAX),
    peers: fields.integer('peers', 0, COUNT_MAX),
    connections: fields.integer('connections', 0, COUNT_MAX),
    allocations: fields.integer('allocations', 0, COUNT_MAX),
    missing: fields.words('missing', MISSING_MAX, SERVICE_NAME),
    signature: fields.hex('signature', SIGNATURE_CHARS),
  };
}
