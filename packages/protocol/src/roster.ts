// The list of relays that a browser is given: GET /relays.json, the body of a 503, and `relays` in an announce reply.
import { RELAY_ID_CHARS, SERVICE_NAME, SERVICES_MAX, SWARM_CHARS_MAX, TIME_MS_MAX } from './descriptor.ts';
import { Fields } from './fields.ts';
import { RELAY_STATES, type RelayState } from './relay-health.ts';

export const ROSTER_RELAYS_MAX = 512;
/** Other relays in an answer without a key; `total` says how many there are. */
export const ROSTER_LISTED_MAX = 64;
export const ROSTER_CHARS_MAX = 2_097_152;
const ROSTER_TOTAL_MAX = 1_000_000;
const AGE_SECONDS_MAX = 86_400;

export interface RosterRelay {
  readonly id: string;
  readonly url: string;
  readonly peerjs?: string;
  readonly iceServers?: string;
  readonly site?: string;
  readonly services: Readonly<Record<string, string>>;
  readonly state: RelayState;
  readonly load: number;
  readonly peers: number;
  /** How old its health snapshot was at `generatedAt`. */
  readonly ageSeconds: number;
}

export interface Roster {
  readonly swarm: string;
  /** The id of the relay that answers. */
  readonly self: string;
  /** Milliseconds since 1970. The file outlives its tracker: an old one is no news. */
  readonly generatedAt: number;
  /** How many relays the answering one could list; missing in answers of older relays. */
  readonly total?: number;
  /** The best first; where a key was asked for, in the order of its ranking. */
  readonly relays: readonly RosterRelay[];
}

function readRosterRelay(fields: Fields): RosterRelay {
  return {
    id: fields.hex('id', RELAY_ID_CHARS),
    url: fields.url('url', ['wss:', 'ws:']),
    ...fields.optionalUrls(['peerjs', 'iceServers', 'site'], ['https:', 'http:']),
    services: fields.urls('services', SERVICES_MAX, SERVICE_NAME, ['https:', 'http:', 'wss:', 'ws:']),
    state: fields.oneOf('state', RELAY_STATES),
    load: fields.decimal('load', 0, 1),
    peers: fields.integer('peers', 0, Number.MAX_SAFE_INTEGER),
    ageSeconds: fields.integer('ageSeconds', 0, AGE_SECONDS_MAX),
  };
}

export function readRoster(fields: Fields): Roster {
  return {
    swarm: fields.text('swarm', { charsMax: SWARM_CHARS_MAX }),
    self: fields.hex('self', RELAY_ID_CHARS),
    generatedAt: fields.integer('generatedAt', 0, TIME_MS_MAX),
    ...(fields.has('total') && { total: fields.integer('total', 0, ROSTER_TOTAL_MAX) }),
    relays: fields.readableObjects('relays', ROSTER_RELAYS_MAX, readRosterRelay),
  };
}

export const decodeRoster = (text: string): Roster => readRoster(Fields.fromJson(text, ROSTER_CHARS_MAX));
