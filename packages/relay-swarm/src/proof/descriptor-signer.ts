// What this relay says of itself: its descriptor and its health, signed. Pure: settings, key and clock are passed in.
import {
  descriptorText,
  healthText,
  type Descriptor,
  type RelayHealth,
  type RelayState,
  type SignedDescriptor,
  type SignedRelayHealth,
} from '@relay-swarm/protocol';
import type { Identity } from './identity.ts';

export interface DescriptorSignerOptions {
  readonly self: Identity;
  readonly settings: {
    readonly swarm: string;
    readonly peerjsUrl: string | undefined;
    readonly iceServersUrl: string | undefined;
    readonly siteUrl: string | undefined;
    readonly services: readonly (readonly [string, string])[];
  };
  readonly url: () => string;
  readonly wallClockMs: () => number;
}

export interface DescriptorSigner {
  /** A descriptor issued now. */
  describe(): SignedDescriptor;
  /** Whether the descriptor should be issued anew. */
  isDue(descriptor: SignedDescriptor): boolean;
  report(
    state: RelayState,
    load: number,
    health: Omit<RelayHealth, 'id' | 'sequence' | 'sampledAt' | 'state' | 'load'>,
  ): SignedRelayHealth;
}

const SOFTWARE = 'relay-swarm/0.1.0';
const LIFETIME_MS = 86_400_000;
/** A descriptor dated this far in the future was issued before the clock was set back; other relays refuse it. */
const AHEAD_MS_MAX = 600_000;

export function createDescriptorSigner({
  self,
  settings,
  url,
  wallClockMs,
}: DescriptorSignerOptions): DescriptorSigner {
  const { swarm, peerjsUrl, iceServersUrl, siteUrl } = settings;
  let issuedAt = 0;
  let sequence = 0;
  return {
    describe: () => {
      // Two descriptors must not have the same date: the later one counts
      issuedAt =
        issuedAt > wallClockMs() + AHEAD_MS_MAX ? wallClockMs() : Math.max(wallClockMs(), issuedAt + 1);
      const descriptor: Descriptor = {
        id: self.id,
        swarm,
        url: url(),
        ...(peerjsUrl !== undefined && { peerjs: plain(peerjsUrl) }),
        ...(iceServersUrl !== undefined && { iceServers: plain(iceServersUrl) }),
        ...(siteUrl !== undefined && { site: plain(siteUrl) }),
        services: Object.fromEntries(settings.services.map(([name, at]) => [name, plain(at)])),
        software: SOFTWARE,
        issuedAt,
        expiresAt: issuedAt + LIFETIME_MS,
      };
      return { ...descriptor, signature: self.sign(descriptorText(descriptor)) };
    },
    isDue: (descriptor) =>
      wallClockMs() > descriptor.expiresAt - LIFETIME_MS / 2 ||
      descriptor.issuedAt > wallClockMs() + AHEAD_MS_MAX,
    report: (state, load, merged) => {
      sequence = Math.max(wallClockMs(), sequence + 1); // the clock makes it grow over a restart, too
      const { cpu, memory, receivedBytesPerSecond, sentBytesPerSecond } = merged;
      const { peers, connections, allocations, missing } = merged;
      const health: RelayHealth = {
        ...{ id: self.id, sequence, sampledAt: wallClockMs(), state, load, cpu, memory },
        ...{ receivedBytesPerSecond, sentBytesPerSecond, peers, connections, allocations, missing },
      };
      return { ...health, signature: self.sign(healthText(health)) };
    },
  };
}

/** As the URL parser writes it, which is how readers want it. */
const plain = (text: string): string => new URL(text).href;
