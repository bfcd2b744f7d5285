// What relays pass on of each other: a descriptor with the words of those who have dialled it (PROTOCOL.md, "The table of all relays").
import {
  readDescriptor,
  RELAY_ID_CHARS,
  SIGNATURE_CHARS,
  TIME_MS_MAX,
  type SignedDescriptor,
} from './descriptor.ts';
import { ProtocolError, type Fields } from './fields.ts';

/** How much of an id stands for it in lists of relays: no other key with the same start can be found. */
const ID_START_CHARS = 16;
/** Vouches in one record. */
export const VOUCHES_MAX = 4;
const ADDRESS_CHARS_MAX = 45;

/** "I have dialled its URL, and its key has answered, at this address." */
export interface Vouch {
  /** The relay that says so. */
  readonly by: string;
  /** Milliseconds since 1970, by its clock. */
  readonly at: number;
  /** Where the URL led to. */
  readonly address: string;
  /** Of `by`, over `vouchText()`, hex. */
  readonly signature: string;
}

export interface RelayRecord {
  readonly descriptor: SignedDescriptor;
  readonly vouches: readonly Vouch[];
}

/** Which version of what: of a record its `issuedAt`, of a health snapshot its `sequence`. */
export interface VersionRef {
  /** The first 16 characters of the relay's id. */
  readonly start: string;
  readonly version: number;
}

export const idStart = (id: string): string => id.slice(0, ID_START_CHARS);

/** The text that a vouch signs. `url` is the one that was dialled. */
export function vouchText(vouch: Omit<Vouch, 'signature'>, id: string, url: string): string {
  const { by, at, address } = vouch;
  return ['relay-swarm vouch', by, id, JSON.stringify(url), JSON.stringify(address), at].join('\n');
}

export function readVouch(fields: Fields): Vouch {
  return {
    by: fields.hex('by', RELAY_ID_CHARS),
    at: fields.integer('at', 0, TIME_MS_MAX),
    address: fields.text('address', { charsMax: ADDRESS_CHARS_MAX }),
    signature: fields.hex('signature', SIGNATURE_CHARS),
  };
}

export function readRelayRecord(fields: Fields): RelayRecord {
  return {
    descriptor: readDescriptor(fields.object('descriptor')),
    vouches: fields.readableObjects('vouches', VOUCHES_MAX, readVouch),
  };
}

/** The start of an id and the version in base 36, in one word: lists of thousands are sent. */
export const versionRefText = ({ start, version }: VersionRef): string => start + version.toString(36);
export const VERSION_REF = /^[0-9a-f]{16}[0-9a-z]{1,11}$/;

export function readVersionRef(word: string): VersionRef {
  const version = Number.parseInt(word.slice(ID_START_CHARS), 36);
  if (!Number.isSafeInteger(version)) throw new ProtocolError('Cannot read a version: it is too large');
  return { start: word.slice(0, ID_START_CHARS), version };
}
