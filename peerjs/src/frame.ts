// What a client may say, checked before `peer` acts on it. Pure.
import { isId } from './identity.ts';

export type FrameFault = 'not_an_object' | 'unknown_type' | 'bad_destination' | 'too_deep';

/** EXPIRE is the server's word: no client sends it. */
const RELAYED: ReadonlySet<unknown> = new Set(['OFFER', 'ANSWER', 'CANDIDATE', 'LEAVE']);

/** Objects in objects. `JSON.stringify` overflows the stack some thousand levels down, and `peer` then closes the receiver's socket. */
const PAYLOAD_LEVELS_MAX = 32;

/** A message that may be relayed. */
export interface Relayed {
  readonly type: 'OFFER' | 'ANSWER' | 'CANDIDATE' | 'LEAVE';
  readonly dst: string;
  readonly payload?: unknown;
}

/** Why the message must go no further; undefined where it may. LEAVE without `dst` would take the sender out of the list but not off the wire. */
export function findFault(message: unknown, idCharsMax: number): FrameFault | undefined {
  if (typeof message !== 'object' || message === null || Array.isArray(message)) return 'not_an_object';
  const { type, dst, payload } = message as Record<string, unknown>;
  if (type === 'HEARTBEAT') return undefined;
  if (!RELAYED.has(type)) return 'unknown_type';
  if (typeof dst !== 'string' || !isId(dst, idCharsMax)) return 'bad_destination';
  return isDeeper(payload, PAYLOAD_LEVELS_MAX) ? 'too_deep' : undefined;
}

/** The heartbeat as every PeerJS client writes it: most of all frames, so it is known by its bytes. */
const HEARTBEAT = Buffer.from('{"type":"HEARTBEAT"}');
export const isHeartbeat = (frame: Buffer): boolean =>
  frame.length === HEARTBEAT.length && HEARTBEAT.equals(frame);

/** Objects, lists, texts, numbers: itself and all in it. What `isDeeper()` has looked into before. */
export function countValues(value: unknown): number {
  if (value === undefined) return 0;
  let count = 1;
  if (typeof value !== 'object') return count;
  for (const key in value) count += countValues((value as Record<string, unknown>)[key]);
  return count;
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  // JSON's objects have no inherited keys, and this makes no array of their own.
  for (const key in value) {
    if (isDeeper((value as Record<string, unknown>)[key], levels - 1)) return true;
  }
  return false;
}
