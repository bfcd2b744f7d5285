// Who shares a network: addresses next to each other are rented together.
import { limitKey } from '@relay-swarm/net';

/** An IPv4 address's /24, an IPv6 address's /48. */
export function networkKey(address: string): string {
  const separator = address.includes(':') ? ':' : '.';
  return limitKey(address).split(separator).slice(0, 3).join(separator);
}
