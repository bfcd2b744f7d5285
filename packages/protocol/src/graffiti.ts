// The Graffiti protocol's words (PROTOCOL.md, "Graffiti"): readers of what a peer sends, writers of what a relay answers.

/** What a peer may ask for, and the word that confirms it. */
const CONFIRMATIONS = {
  announce: 'announced',
  unannounce: 'unannounced',
  subscribe: 'subscribed',
  unsubscribe: 'unsubscribed',
} as const;
export type GraffitiAction = keyof typeof CONFIRMATIONS;
const ACTIONS = new Map(Object.keys(CONFIRMATIONS).map((name) => [name, name as GraffitiAction]));

export interface GraffitiRequest {
  readonly messageID: string;
  readonly action: GraffitiAction;
  readonly infoHashes: readonly string[];
}

/** Why a frame was refused, in words for its sender. */
export interface GraffitiFault {
  /** Repeated where it was text of reasonable length, so that the sender knows which request failed. */
  readonly messageID?: string;
  readonly fault: string;
}

/** Longest handshake frame; a real one has less than 200 characters. */
const HANDSHAKE_CHARS_MAX = 1024;
const MESSAGE_ID_ECHO_CHARS_MAX = 256;
const SHA256_HEX = /^[0-9a-f]{64}$/;
const FIELDS = new Set(['messageID', 'action', 'info_hashes', 'infoHashes']);

/** A proof is a secret of 64 characters; a newline after it is part of it, as it was for the first tracker. */
export function isGraffitiProof(frame: string): boolean {
  return /^[0-9a-z]{64}\n?$/.test(frame);
}

/** One long word: no other protocol's message looks like this, so most likely it is a broken proof. */
export function resemblesGraffitiProof(frame: string): boolean {
  return /^[0-9A-Za-z]{32,128}\s*$/.test(frame);
}

/** The public key of a hello, as it was written; undefined where the frame is no hello at all, '' where its key is none. */
export function readGraffitiHello(frame: string): string | undefined {
  const fields = readHandshake(frame);
  if (fields?.['action'] !== 'hello') return undefined;
  return readEncodedBytes(fields['publicKey'], 32) ?? '';
}

/** The signature that answers a challenge, as it was written. */
export function readGraffitiSignature(frame: string): string | undefined {
  return readEncodedBytes(readHandshake(frame)?.['signature'], 64);
}

/** What a peer signs: the challenge, bound to this protocol and to the relay it connected to. */
export function graffitiHelloText(challenge: string, relayOrigin: string): string {
  return `relay-swarm graffiti hello 1\n${challenge}\n${relayOrigin}`;
}

/** Scheme, host and port of a WebSocket URL, without the scheme's own port: `wss://tracker.example.org`. Undefined where it is none. */
export function webSocketOrigin(url: string): string | undefined {
  const [, scheme, authority] = /^(wss?):\/\/([^/?#@\s]+)(?:[/?#]|$)/.exec(url.toLowerCase()) ?? [];
  if (scheme === undefined || authority === undefined) return undefined;
  return `${scheme}://${authority.replace(scheme === 'wss' ? /:443$/ : /:80$/, '')}`;
}

/** Reads a request; a field that is not the protocol's makes it a fault, as it did for the first tracker. */
export function readGraffitiRequest(frame: string, infoHashesMax: number): GraffitiRequest | GraffitiFault {
  const fields = readObject(frame);
  if (fields === undefined) return { fault: 'Cannot read the message: it must be a JSON object' };
  const messageID = fields['messageID'];
  const refuse = (fault: string): GraffitiFault =>
    typeof messageID === 'string' && messageID.length <= MESSAGE_ID_ECHO_CHARS_MAX
      ? { messageID, fault }
      : { fault };

  if (typeof messageID !== 'string' || !SHA256_HEX.test(messageID))
    return refuse('Cannot read "messageID": it must be 64 characters of 0-9a-f');
  const action = typeof fields['action'] === 'string' ? ACTIONS.get(fields['action']) : undefined;
  if (action === undefined)
    return refuse('Cannot read "action": it must be announce, unannounce, subscribe or unsubscribe');
  if (Object.keys(fields).length !== 3 || !Object.keys(fields).every((name) => FIELDS.has(name)))
    return refuse(
      'Cannot read the message: it must have messageID, action and info_hashes, and nothing else',
    );
  const infoHashes: unknown = fields['info_hashes'] ?? fields['infoHashes'];
  if (!Array.isArray(infoHashes) || infoHashes.length === 0 || infoHashes.length > infoHashesMax)
    return refuse(`Cannot read "info_hashes": it must be a list of 1 to ${infoHashesMax}`);
  if (!infoHashes.every(isSha256Hex))
    return refuse('Cannot read "info_hashes": each must be 64 characters of 0-9a-f');
  if (new Set(infoHashes).size !== infoHashes.length)
    return refuse('Cannot read "info_hashes": they must be different from each other');
  return { messageID, action, infoHashes };
}

export const graffitiPeer = (peerId: string): string => JSON.stringify({ peer_id: peerId });
export const graffitiChallenge = (challenge: string): string => JSON.stringify({ challenge });
export const graffitiHandshakeError = (detail: string): string =>
  JSON.stringify({ error: 'validation', detail });
export const graffitiTaken = (peerId: string): string =>
  JSON.stringify({ reply: 'error', detail: `Peer with ID ${peerId} already exists` });
export const graffitiDone = ({ messageID, action }: GraffitiRequest): string =>
  JSON.stringify({ messageID, reply: CONFIRMATIONS[action] });
export const graffitiError = ({ messageID, fault }: GraffitiFault): string =>
  JSON.stringify({ messageID, reply: 'error', detail: fault });
export const graffitiPush = (action: 'announce' | 'unannounce', peerId: string, infoHash: string): string =>
  `{"action":"${action}","peer":"${peerId}","info_hash":"${infoHash}"}`;

function isSha256Hex(value: unknown): value is string {
  return typeof value === 'string' && SHA256_HEX.test(value);
}

function readHandshake(frame: string): Record<string, unknown> | undefined {
  return frame.length > HANDSHAKE_CHARS_MAX ? undefined : readObject(frame);
}

function readObject(frame: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(frame);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined; // not JSON: the caller says what it wanted
  }
}

/** Text that encodes this many bytes in hex, base64 or base64url. */
function readEncodedBytes(value: unknown, bytes: number): string | undefined {
  if (typeof value !== 'string') return undefined;
  const isHex = value.length === 2 * bytes && /^[0-9a-fA-F]+$/.test(value);
  const digits = /^([0-9A-Za-z+/]+|[0-9A-Za-z_-]+)={0,2}$/.exec(value)?.[1];
  return isHex || digits?.length === Math.ceil((bytes * 8) / 6) ? value : undefined;
}
