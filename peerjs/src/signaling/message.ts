// What a client may say, read and checked before an engine acts on it. Pure.
import { isId } from './identity.ts';

export type MessageFault = 'not_json' | 'not_an_object' | 'unknown_type' | 'bad_destination' | 'too_deep';

/** EXPIRE is the server's word: no client sends it. */
const RELAYED: ReadonlySet<unknown> = new Set(['OFFER', 'ANSWER', 'CANDIDATE', 'LEAVE']);

/** Objects in objects. `JSON.stringify` overflows the stack some thousand levels down. */
const PAYLOAD_LEVELS_MAX = 32;
/** Of a destination that we repeat to the sender. */
const DESTINATION_CHARS_MAX = 256;

/** A message that may be relayed. */
export interface Relayed {
  readonly type: 'OFFER' | 'ANSWER' | 'CANDIDATE' | 'LEAVE';
  readonly dst: string;
  readonly payload?: unknown;
}

export type ReadMessage =
  | { readonly relayed: Relayed }
  | { readonly fault: MessageFault; /** To whom an offer cannot be delivered. */ readonly offerTo?: string }
  | 'heartbeat';

/** LEAVE without `dst` is a fault: it would take the sender out of the list but not off the wire. */
export function readMessage(text: string, idCharsMax: number): ReadMessage {
  const message = parse(text);
  if (message === NOT_JSON) return { fault: 'not_json' };
  if (typeof message !== 'object' || message === null || Array.isArray(message))
    return { fault: 'not_an_object' };
  const { type, dst, payload } = message as Record<string, unknown>;
  if (type === 'HEARTBEAT') return 'heartbeat';
  if (!RELAYED.has(type)) return { fault: 'unknown_type' };
  if (typeof dst !== 'string') return { fault: 'bad_destination' };
  if (!isId(dst, idCharsMax)) {
    const isTold = type === 'OFFER' && dst.length <= DESTINATION_CHARS_MAX;
    return isTold ? { fault: 'bad_destination', offerTo: dst } : { fault: 'bad_destination' };
  }
  if (isDeeper(payload, PAYLOAD_LEVELS_MAX)) return { fault: 'too_deep' };
  return { relayed: { type: type as Relayed['type'], dst, payload } };
}

const NOT_JSON = Symbol('not JSON');

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return NOT_JSON; // JSON.parse has no other way to say so
  }
}

/** The heartbeat as every PeerJS client writes it: most of all frames, so it is known by its bytes. */
const HEARTBEAT = Buffer.from('{"type":"HEARTBEAT"}');
export const isHeartbeat = (frame: Buffer): boolean =>
  frame.length === HEARTBEAT.length && HEARTBEAT.equals(frame);

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  if (Array.isArray(value)) return value.some((one) => isDeeper(one, levels - 1));
  // JSON's objects have no inherited keys, and this makes no array of their own.
  for (const key in value) {
    if (isDeeper((value as Record<string, unknown>)[key], levels - 1)) return true;
  }
  return false;
}
