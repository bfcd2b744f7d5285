// Which descriptors are accepted, whatever key signed them: of our swarm, valid now, with URLs that clients may be sent to. Pure.
import type { SignedDescriptor } from '@relay-swarm/protocol';
import { isRelayPort } from '../discovery/public-host.ts';

const LIFETIME_MS_MAX = 7 * 86_400_000;
const CLOCK_SKEW_MS_MAX = 600_000;

export interface DescriptorPolicy {
  readonly swarm: string;
  readonly allowPrivate: boolean;
  /** Whether a URL's host is a public one. */
  readonly isPublicHost: (host: string) => boolean;
}

export function isAcceptable(descriptor: SignedDescriptor, policy: DescriptorPolicy, today: number): boolean {
  const { swarm, url, peerjs, iceServers, site, services, issuedAt, expiresAt } = descriptor;
  const isForAll = (text: string): boolean => {
    const { protocol, hostname, port } = new URL(text);
    return (
      (protocol === 'https:' || protocol === 'wss:') && policy.isPublicHost(hostname) && isRelayPort(port)
    );
  };
  const urls = [url, peerjs, iceServers, site, ...Object.values(services)];
  return (
    swarm === policy.swarm &&
    expiresAt > today &&
    issuedAt <= today + CLOCK_SKEW_MS_MAX &&
    expiresAt - issuedAt <= LIFETIME_MS_MAX &&
    (policy.allowPrivate || urls.every((one) => one === undefined || isForAll(one)))
  );
}
