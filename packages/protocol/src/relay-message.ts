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

export const RELAY_FRAME_CHARS_MAX = 65_536;
export const NONCE_CHARS = 64;
/** In an `ask`, this much of a relay's id stands for it: nobody finds another key with the same start. */
export const ID_START_CHARS = 16;
export const ASK_KNOWN_MAX = 1_024;
const ID_START = /^[0-9a-f]{16}$/;
/** Descriptors in one `known`. */
export const KNOWN_MAX = 16;

export type RelayMessage =
  | {
      readonly action: 'hello';
      readonly id: string;
      readonly nonce: string;
      readonly swarm: string;
      readonly url: string;
    }
  | { readonly action: 'challenge'; readonly id: string; readonly nonce: string; readonly signature: string }
  | { readonly action: 'proof'; readonly signature: string }
  | { readonly action: 'descriptor'; readonly descriptor: SignedDescriptor }
  | { readonly action: 'status'; readonly health: SignedRelayHealth }
  /** Tell me of the relays that I do not know. */
  | { readonly action: 'ask'; readonly known: readonly string[] }
  | { readonly action: 'known'; readonly descriptors: readonly SignedDescriptor[] };

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
  }),
  challenge: (fields) => ({
    action: 'challenge',
    id: fields.hex('id', RELAY_ID_CHARS),
    nonce: fields.hex('nonce', NONCE_CHARS),
    signature: fields.hex('signature', SIGNATURE_CHARS),
  }),
  proof: (fields) => ({ action: 'proof', signature: fields.hex('signature', SIGNATURE_CHARS) }),
  descriptor: (fields) => ({ action: 'descriptor', descriptor: readDescriptor(fields.object('descriptor')) }),
  status: (fields) => ({ action: 'status', health: readHealth(fields.object('health')) }),
  ask: (fields) => ({ action: 'ask', known: fields.words('known', ASK_KNOWN_MAX, ID_START) }),
  known: (fields) => ({
    action: 'known',
    descriptors: fields.readableObjects('descriptors', KNOWN_MAX, readDescriptor),
  }),
};
const actions = Object.keys(readers) as RelayMessage['action'][];

/** Reads one frame or throws ProtocolError. */
export function decodeRelayMessage(frame: string): RelayMessage {
  const fields = Fields.fromJson(frame, RELAY_FRAME_CHARS_MAX);
  return readers[fields.oneOf('action', actions)](fields);
}

export const encodeRelayMessage = (message: RelayMessage): string => JSON.stringify(message);

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
