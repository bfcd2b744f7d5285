// FINGERPRINT (RFC 8489 §14.7): tells STUN from other packets, and damage from intent. Pure.
import { crc32 } from 'node:zlib';

const FINGERPRINT_XOR = 0x5354554e;

/** Of the message from `start` up to the attribute itself at `at`; the header's length already includes it. */
export function fingerprint(data: Buffer, start: number, at: number): number {
  return (crc32(data.subarray(start, at)) ^ FINGERPRINT_XOR) >>> 0;
}

export function hasFingerprint(data: Buffer, start: number, at: number): boolean {
  return data.readUInt32BE(at + 4) === fingerprint(data, start, at);
}
