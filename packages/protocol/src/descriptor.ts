// What a relay says about itself: the signed descriptor (PROTOCOL.md, "Relay to relay"). Served at /.well-known/relay-swarm.
import { canonicalJson } from './canonical-json.ts';
import { Fields, ProtocolError } from './fields.ts';

export const DESCRIPTOR_PATH = '/.well-known/relay-swarm';
export const DESCRIPTOR_CHARS_MAX = 8_192;
export const RELAY_ID_CHARS = 64;
export const SIGNATURE_CHARS = 128;
export const SERVICES_MAX = 16;
export const SERVICE_NAME = /^[a-z][a-z0-9-]{0,31}$/;
export const SWARM_CHARS_MAX = 64;
const SOFTWARE_CHARS_MAX = 64;
export const TIME_MS_MAX = 8_640_000_000_000_000; // the last moment that Date knows

export interface Descriptor {
  /** The relay's Ed25519 public key, raw, in hex: also its name. */
  readonly id: string;
  readonly swarm: string;
  /** The tracker's WebSocket, wss: outside of labs. Relays dial `<url>/relay`. No slash at the end. */
  readonly url: string;
  /** The PeerJS server's base URL. */
  readonly peerjs?: string;
  /** Where `GET` answers an RTCConfiguration. */
  readonly iceServers?: string;
  /** The pages. */
  readonly site?: string;
  /** Other services of the operator, such as "gun" → its URL. */
  readonly services: Readonly<Record<string, string>>;
  readonly software: string;
  /** Milliseconds since 1970. */
  readonly issuedAt: number;
  readonly expiresAt: number;
}

export interface SignedDescriptor extends Descriptor {
  /** Ed25519 over `descriptorText()`, hex. */
  readonly signature: string;
}

/** The text that the signature covers. The first line keeps it apart from everything else that the key signs. */
export function descriptorText(descriptor: Descriptor): string {
  const { id, swarm, url, peerjs, iceServers, site, services, software, issuedAt, expiresAt } = descriptor;
  const signed = { id, swarm, url, peerjs, iceServers, site, services, software, issuedAt, expiresAt };
  return `relay-swarm descriptor\n${canonicalJson(signed)}`;
}

/** Reads the fields; whether the signature is right, and the time, is the caller's to check. */
export function readDescriptor(fields: Fields): SignedDescriptor {
  return {
    id: fields.hex('id', RELAY_ID_CHARS),
    swarm: fields.text('swarm', { charsMax: SWARM_CHARS_MAX }),
    url: readRelayUrl(fields),
    ...fields.optionalUrls(['peerjs', 'iceServers', 'site'], ['https:', 'http:']),
    services: fields.urls('services', SERVICES_MAX, SERVICE_NAME, ['https:', 'http:', 'wss:', 'ws:']),
    software: fields.text('software', { charsMax: SOFTWARE_CHARS_MAX }),
    issuedAt: fields.integer('issuedAt', 0, TIME_MS_MAX),
    expiresAt: fields.integer('expiresAt', 0, TIME_MS_MAX),
    signature: fields.hex('signature', SIGNATURE_CHARS),
  };
}

export const decodeDescriptor = (text: string): SignedDescriptor =>
  readDescriptor(Fields.fromJson(text, DESCRIPTOR_CHARS_MAX));

/** Without a query: `<url>/relay` is what others dial; with a query a stranger could choose what they ask of a third party. */
function readRelayUrl(fields: Fields): string {
  const url = fields.url('url', ['wss:', 'ws:']);
  if (url.includes('?')) throw new ProtocolError('Cannot read url: wanted a URL without a query');
  return withoutSlash(url);
}

const withoutSlash = (url: string): string => (url.endsWith('/') ? url.slice(0, -1) : url);
