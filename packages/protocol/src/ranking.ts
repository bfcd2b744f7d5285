// Which relays the peers of one swarm or room meet at: rendezvous hashing, "highest random weight" (Thaler and Ravishankar, 1998).
// Everybody who holds the same relays ranks them alike, without asking anybody, and where a relay leaves, only its own keys move.
// Pure and synchronous: browsers rank on every announce, relays for `/relays.json?key=`, so both sides must agree bit for bit.
//
// The hash is MurmurHash3 (x86, 32 bits, seed 0) of the ASCII text `<key>:<relay id>`. WebCrypto has only asynchronous digests, and
// a hash of our own kind would be written wrongly in the next language; MurmurHash3 has published vectors and is forty lines anywhere.
// A cryptographic hash would keep out nobody: a relay id is a public key, whoever wants to rank first of n relays for one key makes
// n key pairs, whatever the hash. What that wins is one of k places, which is what any relay has that a peer names by its URL.
import { ProtocolError } from './fields.ts';

/** Longest key, in hexadecimal characters. */
export const RANKING_KEY_CHARS_MAX = 512;
const { imul } = Math;
const RANKING_KEY = /^[0-9a-f]+$/;

/** Whether this can be ranked by: lowercase hexadecimal of 1 to RANKING_KEY_CHARS_MAX characters. */
export const isRankingKey = (key: string): boolean =>
  key.length <= RANKING_KEY_CHARS_MAX && RANKING_KEY.test(key);

/** How much this relay is wanted for this key, from 0 to 2^32 − 1. */
export const rankingWeight = (key: string, relayId: string): number => murmur3(`${key}:${relayId}`);

/**
 * The relays in the order in which the peers of `key` use them, at most `count`.
 * Equal weights (one pair in four billion) are ordered by id, so that the order of a list does not matter.
 */
export function rankRelays<T extends { readonly id: string }>(
  key: string,
  relays: Iterable<T>,
  count = Infinity,
): T[] {
  if (!isRankingKey(key)) {
    throw new ProtocolError(
      `Cannot rank relays for a key of ${key.length} characters: wanted 1 to ${RANKING_KEY_CHARS_MAX} of 0-9a-f (infoHashKey() or textKey() make one)`,
    );
  }
  const weighed = Array.from(relays, (relay) => ({ relay, weight: rankingWeight(key, relay.id) }));
  weighed.sort((a, b) => b.weight - a.weight || (a.relay.id < b.relay.id ? -1 : 1));
  return weighed.slice(0, count).map(({ relay }) => relay);
}

/**
 * The key of a torrent or a Graffiti subject: its info hash in lowercase hexadecimal, whichever spelling it came in:
 * 40 or 64 hexadecimal characters, 32 of base32 (BEP 9), or the 20 characters U+0000 to U+00FF of the wire.
 */
export function infoHashKey(infoHash: string): string {
  if (/^([0-9a-f]{40}|[0-9a-f]{64})$/i.test(infoHash)) return infoHash.toLowerCase();
  if (/^[a-z2-7]{32}$/i.test(infoHash)) return base32ToHex(infoHash);
  if (/^[\x00-\xff]{20}$/s.test(infoHash)) return hexOf(Array.from(infoHash, (char) => char.charCodeAt(0)));
  throw new ProtocolError(
    `Cannot read an info hash of ${infoHash.length} characters: wanted 40 or 64 hexadecimal, 32 of base32, or 20 bytes`,
  );
}

/** The key of a room, or of anything else with a name: its UTF-8 bytes in hexadecimal, so at most 256 bytes. */
export function textKey(text: string): string {
  const key = hexOf(Array.from(new TextEncoder().encode(text)));
  if (isRankingKey(key)) return key;
  throw new ProtocolError(
    `Cannot rank by this name: wanted 1 to ${RANKING_KEY_CHARS_MAX / 2} bytes of UTF-8`,
  );
}

/** MurmurHash3_x86_32 by Austin Appleby (public domain), over characters below U+0100, each of which is a byte. Seed 0. */
export function murmur3(bytes: string): number {
  const tail = bytes.length & ~3;
  let hash = 0;
  for (let i = 0; i < tail; i += 4) {
    const block =
      bytes.charCodeAt(i) |
      (bytes.charCodeAt(i + 1) << 8) |
      (bytes.charCodeAt(i + 2) << 16) |
      (bytes.charCodeAt(i + 3) << 24);
    hash ^= scramble(block);
    hash = (imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0;
  }
  let rest = 0;
  for (let i = bytes.length - 1; i >= tail; i--) rest = (rest << 8) | bytes.charCodeAt(i);
  hash ^= scramble(rest) ^ bytes.length;
  hash = imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function scramble(block: number): number {
  const mixed = imul(block, 0xcc9e2d51);
  return imul((mixed << 15) | (mixed >>> 17), 0x1b873593);
}

const hexOf = (bytes: readonly number[]): string =>
  bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('');

function base32ToHex(text: string): string {
  const bits = Array.from(text.toLowerCase(), (char) =>
    'abcdefghijklmnopqrstuvwxyz234567'.indexOf(char).toString(2).padStart(5, '0'),
  ).join('');
  return (bits.match(/.{4}/g) ?? []).map((nibble) => parseInt(nibble, 2).toString(16)).join('');
}

/** The standard's encoder, which browsers and Node share: this package knows neither's types. */
declare const TextEncoder: new () => { encode(text: string): Uint8Array };
