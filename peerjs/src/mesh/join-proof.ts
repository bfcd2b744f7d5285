// Whether a newcomer holds the private key of the id that it names. Pure but for the signature check.
import { verifyEd25519 } from '@relay-swarm/net';
import { meshJoinText, type MeshRequest } from '@relay-swarm/protocol/mesh-member';

/** `host` is what the request named: host and port, so that one server cannot use at another what was signed for it. */
export function isJoinProven(
  { id, room, signature }: Extract<MeshRequest, { action: 'join' }>,
  challenge: string,
  host: string,
): boolean {
  const [key, signed] = [Buffer.from(id, 'hex'), Buffer.from(signature, 'hex')];
  // The scheme is the proxy's business: TLS ends there
  return ['wss', 'ws'].some((scheme) =>
    verifyEd25519(key, meshJoinText(challenge, room, `${scheme}://${host.toLowerCase()}`), signed),
  );
}
