// Ed25519 signatures (RFC 8032) of strangers. Keys of small order are refused: with such a key one signature (for example that of the
// neutral element) is valid for every text, so the key proves nothing.
import { createPublicKey, verify, type KeyObject } from 'node:crypto';

/** A public key in DER is this and the 32 raw bytes (RFC 8410 §4). */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

/**
 * The y coordinates of the eight points of small order, little-endian, without the sign of x: 0, 1, p − 1, the two of order 8, and
 * p and p + 1, which are other spellings of 0 and 1.
 */
const SMALL_ORDER_Y = new Set([
  '00'.repeat(32),
  `01${'00'.repeat(31)}`,
  `ec${'ff'.repeat(30)}7f`,
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  `ed${'ff'.repeat(30)}7f`,
  `ee${'ff'.repeat(30)}7f`,
]);

export function isSmallOrderKey(key: Uint8Array): boolean {
  const y = Buffer.from(key);
  y[31] = (y[31] ?? 0) & 0x7f;
  return SMALL_ORDER_Y.has(y.toString('hex'));
}

/** Reading a key costs more than checking a signature, and a relay hears the same few hundred keys again and again. */
const KEYS_MAX = 512;
/** By its bytes, one character each; the one that was used last stands last. */
const keys = new Map<string, KeyObject>();

/** Throws for 32 bytes that are no point of the curve, or one of small order. */
function readKey(bytes: Uint8Array): KeyObject {
  const name = Buffer.from(bytes).toString('latin1');
  const known = keys.get(name);
  keys.delete(name);
  if (known === undefined && isSmallOrderKey(bytes)) throw new Error('A key of small order proves nothing');
  const key =
    known ?? createPublicKey({ key: Buffer.concat([SPKI_PREFIX, bytes]), format: 'der', type: 'spki' });
  keys.set(name, key);
  if (keys.size > KEYS_MAX) keys.delete(keys.keys().next().value!);
  return key;
}

/** Whether this key (32 bytes) made this signature (64 bytes) over the text's UTF-8; false for what is no key. */
export function verifyEd25519(key: Uint8Array, text: string, signature: Uint8Array): boolean {
  if (key.length !== 32 || signature.length !== 64) return false;
  try {
    return verify(null, Buffer.from(text, 'utf8'), readKey(key), signature);
  } catch {
    return false; // no key: nobody can have signed with it
  }
}
