// Which peers clients may reach through us. A TURN server stands inside a network and sends what strangers ask it to, so only peers on
// the public internet are allowed, unless the operator says otherwise. Pure.
import type { PeerRules, TurnEngineOptions } from '../engine.ts';
import { addressBytes } from '@relay-swarm/net/ip';
import { isNetwork, isPublicBytes, networkBytesTest } from '@relay-swarm/net/special-networks';

export type PeerPolicy = (address: string) => boolean;

/** The IPv4 address inside ::ffff:a.b.c.d, 64:ff9b::a.b.c.d (NAT64) and 2002:aabb:ccdd:: (6to4). */
function embeddedIPv4(address: Buffer): Buffer | undefined {
  if (isAtTheEnd(address)) return address.subarray(12);
  return is6to4(address) ? address.subarray(2, 6) : undefined;
}
const isAtTheEnd = networkBytesTest(['::ffff:0:0/96', '64:ff9b::/96']);
const is6to4 = networkBytesTest(['2002::/16']);

/** Addresses come and go (DHCP, IPv6), and are read again when the last reading is older than this. */
const OWN_ADDRESSES_MS = 10_000;

/** The policy of an engine that is known to the world as `announced`. */
export function createEnginePeerPolicy(
  { peers, ownAddresses, monotonicMs }: TurnEngineOptions,
  announced: readonly string[],
): PeerPolicy {
  let policy: PeerPolicy = () => false;
  let readAtMs = -Infinity;
  return (address) => {
    if (monotonicMs() - readAtMs >= OWN_ADDRESSES_MS) {
      readAtMs = monotonicMs();
      policy = createPeerPolicy(peers, [...announced, ...ownAddresses()]);
    }
    return policy(address);
  };
}

/**
 * Decides which addresses may be peers. `ownAddresses` are this machine's: they are never peers over the network, since clients would
 * reach its services from inside; only `rules.allowed` opens them.
 */
export function createPeerPolicy(rules: PeerRules, ownAddresses: readonly string[] = []): PeerPolicy {
  const isDenied = networkBytesTest(rules.denied);
  const isAllowed = networkBytesTest(rules.allowed);
  const isOwn = networkBytesTest(ownAddresses.filter(isNetwork));

  const mayReach = (address: Buffer): boolean => {
    if (isDenied(address)) return false;
    if (isAllowed(address)) return true;
    return !isOwn(address) && isPublicBytes(address);
  };
  return (address) => {
    const bytes = addressBytes(address);
    if (bytes === undefined || address.includes('%')) return false;
    const inner = embeddedIPv4(bytes);
    return mayReach(bytes) && (inner === undefined || mayReach(inner));
  };
}
