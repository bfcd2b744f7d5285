// What one relay may say to another on /relay (PROTOCOL.md, "Relay to relay"). One line for each message.
import {
  RELAY_ID_CHARS,
  readDescriptor,
  SIGNATURE_CHARS,
  SWARM_CHARS_MAX,
  type SignedDescriptor,
} from './descriptor.ts';
import { Fields, URL_CHARS_MAX } from './fields.ts';
import { readHealth, type SignedRelayHealth } from './relay-health.ts';
import {
  readRelayRecord,
  readVersionRef,
  readVouch,
  VERSION_REF,
  versionRefText,
  type RelayRecord,
  type VersionRef,
  type Vouch,
} from './relay-record.ts';

export const RELAY_FRAME_CHARS_MAX = 65_536;
export const NONCE_CHARS = 64;
export const ASK_KNOWN_MAX = 1_024;
const ID_START = /^[0-9a-f]{16}$/;
/** Descriptors in one `known`. */
export const KNOWN_MAX = 16;
/** What a relay speaks that keeps a table of all; one that names no version speaks 1. */
export const RELAY_VERSION = 2;
/** Versions in one `have`, names in one `want`, records and snapshots in one frame. */
export const HAVE_MAX = 1_024;
export const WANT_MAX = 128;
export const RECORDS_MAX = 64;
export const STATES_MAX = 64;
/** The number of parts of the table; the first two characters of an id tell which part it is in. */
export const BUCKETS = 256;
/** 32 bits of each bucket, hex. */
const DIGESTS_CHARS = BUCKETS * 8;
const BUCKET = /^[0-9a-f]{2}$/;
const SESSIONS_MAX = 65_535;

export type RelayMessage =
  | {
      readonly action: 'hello';
      readonly id: string;
      readonly nonce: string;
      readonly swarm: string;
      readonly url: string;
      readonly version?: number;
      /** It only comes to compare tables, and leaves. */
      readonly isVisit?: 1;
      /** How many sessions it has; one without any has to be let in. */
      readonly sessions?: number;
    }
  | {
      readonly action: 'challenge';
      readonly id: string;
      readonly nonce: string;
      readonly signature: string;
      readonly version?: number;
    }
  | { readonly action: 'proof'; readonly signature: string }
  | { readonly action: 'descriptor'; readonly descriptor: SignedDescriptor }
  | { readonly action: 'status'; readonly health: SignedRelayHealth }
  /** Tell me of the relays that I do not know. */
  | { readonly action: 'ask'; readonly known: readonly string[] }
  | { readonly action: 'known'; readonly descriptors: readonly SignedDescriptor[] }
  /** Of the one it is sent to. */
  | { readonly action: 'vouch'; readonly vouch: Vouch }
  /** One number for each bucket of the sender's table; answered with a `have` for those that differ. */
  | { readonly action: 'digest'; readonly digests: string }
  | Have
  | { readonly action: 'want'; readonly records: readonly string[]; readonly states: readonly string[] }
  | { readonly action: 'records'; readonly records: readonly RelayRecord[] }
  /** How others are, in their own signed words. */
  | { readonly action: 'states'; readonly healths: readonly SignedRelayHealth[] };

export interface Have {
  readonly action: 'have';
  /** Relays that the sender offers. */
  readonly records: readonly VersionRef[];
  readonly states: readonly VersionRef[];
  /** Relays that do not answer the sender, by the starts of their ids. */
  readonly gone: readonly string[];
  /** Buckets that `records` tells of completely, by two hex characters each; those that a `digest` asked for. */
  readonly buckets: readonly string[];
}

type Readers = {
  readonly [A in RelayMessage['action']]: (fields: Fields) => Extract<RelayMessage, { action: A }>;
};

const readers: Readers = {
  hello: (fields) => ({
    action: 'hello',
    id: fields.hex('id', RELAY_ID_CHARS),
    nonce: fields.hex('nonce', NONCE_CHARS),
    swarm: fields.text('swarm', { charsMax: SWARM_CHARS_MAX }),
    url: fields.text('url', { charsMax: URL_CHARS_MAX }),
    ...optionalVersion(fields),
    ...(fields.has('isVisit') && { isVisit: fields.integer('isVisit', 1, 1) as 1 }),
    ...(fields.has('sessions') && { sessions: fields.integer('sessions', 0, SESSIONS_MAX) }),
  }),
  challenge: (fields) => ({
    action: 'challenge',
    id: fields.hex('id', RELAY_ID_CHARS),
    nonce: fields.hex('nonce', NONCE_CHARS),
    signature: fields.hex('signature', SIGNATURE_CHARS),
    ...optionalVersion(fields),
  }),
  proof: (fields) => ({ action: 'proof', signature: fields.hex('signature', SIGNATURE_CHARS) }),
  descriptor: (fields) => ({ action: 'descriptor', descriptor: readDescriptor(fields.object('descriptor')) }),
  status: (fields) => ({ action: 'status', health: readHealth(fields.object('health')) }),
  ask: (fields) => ({ action: 'ask', known: fields.words('known', ASK_KNOWN_MAX, ID_START) }),
  known: (fields) => ({
    action: 'known',
    descriptors: fields.readableObjects('descriptors', KNOWN_MAX, readDescriptor),
  }),
  vouch: (fields) => ({ action: 'vouch', vouch: readVouch(fields.object('vouch')) }),
  digest: (fields) => ({ action: 'digest', digests: fields.hex('digests', DIGESTS_CHARS) }),
  have: (fields) => ({
    action: 'have',
    records: fields.words('records', HAVE_MAX, VERSION_REF).map(readVersionRef),
    states: fields.words('states', HAVE_MAX, VERSION_REF).map(readVersionRef),
    gone: fields.words('gone', HAVE_MAX, ID_START),
    buckets: fields.words('buckets', BUCKETS, BUCKET),
  }),
  want: (fields) => ({
    action: 'want',
    records: fields.words('records', WANT_MAX, ID_START),
    states: fields.words('states', WANT_MAX, ID_START),
  }),
  records: (fields) => ({
    action: 'records',
    records: fields.readableObjects('records', RECORDS_MAX, readRelayRecord),
  }),
  states: (fields) => ({
    action: 'states',
    healths: fields.readableObjects('healths', STATES_MAX, readHealth),
  }),
};
export const RELAY_ACTIONS = Object.keys(readers) as RelayMessage['action'][];

/** Reads one frame or throws ProtocolError. */
export function decodeRelayMessage(frame: string): RelayMessage {
  const fields = Fields.fromJson(frame, RELAY_FRAME_CHARS_MAX);
  return readers[fields.oneOf('action', RELAY_ACTIONS)](fields);
}

export const encodeRelayMessage = (message: RelayMessage): string => JSON.stringify(written(message));

/** Lists of versions are words on the wire. */
function written(message: RelayMessage): unknown {
  if (message.action !== 'have') return message;
  const { records, states } = message;
  return { ...message, records: records.map(versionRefText), states: states.map(versionRefText) };
}

const optionalVersion = (fields: Fields): { version?: number } =>
  fields.has('version') ? { version: fields.integer('version', 1, 1_000) } : {};

/** What both sides of a session are agreed on before they sign. */
export interface Transcript {
  readonly swarm: string;
  /** The URL that was dialled: a proof is good for this one only. */
  readonly url: string;
  readonly diallerId: string;
  readonly acceptorId: string;
  readonly diallerNonce: string;
  readonly acceptorNonce: string;
}

/** The text that one side signs. The role keeps a signature of one side from being shown again by the other. */
export function proofText(role: 'dialler' | 'acceptor', of: Transcript): string {
  // None of these can hold a line break: hex, or text that JSON.stringify has escaped
  return [
    'relay-swarm proof',
    role,
    JSON.stringify(of.swarm),
    JSON.stringify(of.url),
    of.diallerId,
    of.acceptorId,
    of.diallerNonce,
    of.acceptorNonce,
  ].join('\n');
}
