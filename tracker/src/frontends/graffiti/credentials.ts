// From what a peer can prove to its peer id. No state, no clock, no random numbers.
import { verifyEd25519 } from '@relay-swarm/net';
import { createHash } from 'node:crypto';

/** A peer that shows its secret is named after the secret's SHA-256. */
export function peerIdOfProof(proof: string): string {
  return createHash('sha256').update(proof, 'utf8').digest('hex');
}

/** A peer that signs is named after its public key's SHA-256. */
export function peerIdOfKey(publicKey: string): string {
  return createHash('sha256').update(decodeBytes(publicKey, 32)).digest('hex');
}

/** Whether the Ed25519 key (RFC 8032) made the signature over the text; key and signature in hex, base64 or base64url. */
export function hasSigned(publicKey: string, signature: string, text: string): boolean {
  return verifyEd25519(decodeBytes(publicKey, 32), text, decodeBytes(signature, 64));
}

function decodeBytes(text: string, bytes: number): Buffer {
  return Buffer.from(text, text.length === 2 * bytes ? 'hex' : 'base64');
}
