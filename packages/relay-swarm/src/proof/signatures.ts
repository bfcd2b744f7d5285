// Whether relays have signed what is shown as theirs. Checking costs, so a signature is checked only when it is needed.
import {
  descriptorText,
  healthText,
  vouchText,
  type SignedDescriptor,
  type SignedRelayHealth,
  type Vouch,
} from '@relay-swarm/protocol';
import type { Verify } from './identity.ts';

export interface Signatures {
  descriptor(descriptor: SignedDescriptor): boolean;
  health(health: SignedRelayHealth): boolean;
  /** A vouch for the relay `id` at `url`. */
  vouch(vouch: Vouch, id: string, url: string): boolean;
}

export const createSignatures = (verify: Verify): Signatures => ({
  descriptor: (descriptor) => verify(descriptor.id, descriptorText(descriptor), descriptor.signature),
  health: (health) => verify(health.id, healthText(health), health.signature),
  vouch: (vouch, id, url) => verify(vouch.by, vouchText(vouch, id, url), vouch.signature),
});
