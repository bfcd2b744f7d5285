// Whether a newcomer holds the private key of the id that it names. Pure but for the signature check.
import { meshJoinText, type MeshRequest } from '@relay-swarm/protocol/mesh-member';
import { createPublicKey, verify } from 'node:crypto';

/** `host` is what the request named: host and port, so that one server cannot use at another what was signed for it. */
export function isJoinProven(
  { id, room, signature }: Extract<MeshRequest, { action: 'join' }>,
  challenge: string,
  host: string,
): boolean {
  try {
    const x = Buffer.from(id, 'hex').toString('base64url');
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
    // The scheme is the proxy's business: TLS ends there
    return ['wss', 'ws'].some((scheme) => {
      const text = meshJoinText(challenge, room, `${scheme}://${host.toLowerCase()}`);
      return verify(undefined, Buffer.from(text), key, Buffer.from(signature, 'hex'));
    });
  } catch {
    return false; // 32 bytes that are no point of the curve
  }
}
