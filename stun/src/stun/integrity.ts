// MESSAGE-INTEGRITY and MESSAGE-INTEGRITY-SHA256 (RFC 8489 §14.5, §14.6). Pure.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { MessageReader } from './message-reader.ts';
import { ATTRIBUTE, HEADER_BYTES } from './constants.ts';

export type IntegrityKind = 'sha1' | 'sha256';

/** RFC 8489 §9.2.2, for passwords that need no preparation (ours are base64). */
export function longTermKey(username: string, realm: string, password: string): Buffer {
  return createHash('md5').update(`${username}:${realm}:${password}`).digest();
}

export const integrityBytes = (kind: IntegrityKind): number => (kind === 'sha1' ? 20 : 32);

/**
 * The HMAC of the message up to the attribute at `at`, with the length in the header as if the message ended behind it.
 * The length is put in place and back again: nobody else reads the buffer meanwhile.
 */
export function computeIntegrity(
  kind: IntegrityKind,
  key: Buffer,
  data: Buffer,
  start: number,
  at: number,
  valueBytes: number,
): Buffer {
  const length = data.readUInt16BE(start + 2);
  data.writeUInt16BE(at + 4 + valueBytes - start - HEADER_BYTES, start + 2);
  const digest = createHmac(kind, key).update(data.subarray(start, at)).digest();
  data.writeUInt16BE(length, start + 2);
  return digest;
}

/** Which integrity the message carries; the stronger where it has both. */
export function integrityKind(message: MessageReader): IntegrityKind | undefined {
  if (message.has(ATTRIBUTE.messageIntegritySha256)) return 'sha256';
  return message.has(ATTRIBUTE.messageIntegrity) ? 'sha1' : undefined;
}

export function hasIntegrity(message: MessageReader, kind: IntegrityKind, key: Buffer): boolean {
  const index = message.find(kind === 'sha1' ? ATTRIBUTE.messageIntegrity : ATTRIBUTE.messageIntegritySha256);
  if (index < 0) return false;
  const at = message.valueStart(index);
  const length = message.valueLength(index);
  // SHA-256 may be truncated to no less than 16 bytes.
  if (kind === 'sha1' ? length !== 20 : length < 16 || length > 32 || length % 4 !== 0) return false;
  const wanted = computeIntegrity(kind, key, message.data, message.start, at - 4, length);
  return timingSafeEqual(wanted.subarray(0, length), message.data.subarray(at, at + length));
}
