// PUBLIC_IP: this machine's addresses as the internet sees them, set by the operator. Behind NAT no interface has them, and with split DNS
// the machine's own name does not lead to them from inside.
import { list, type Setting } from '@relay-swarm/kit';
import { isIP, isIPv6 } from 'node:net';

/** Addresses in a list, each as it was written. */
export function addressesSetting(
  name: string,
  rule: { itemsMax: number },
  help: string,
): Setting<readonly string[]> {
  const item = (one: string): string | undefined => (isIP(one) === 0 ? undefined : one);
  return list(name, { of: 'IPv4 or IPv6 addresses', itemsMax: rule.itemsMax, default: [], item }, help);
}

export const publicIpSetting = addressesSetting(
  'PUBLIC_IP',
  { itemsMax: 2 },
  "This machine's address as the internet sees it, one of each family; empty finds it out by asking STUN_DETECT_SERVERS, or from the own names and interfaces",
);

/** Rules that the list's type cannot express; each fault is a sentence. */
export function publicIpFaults(addresses: readonly string[]): string[] {
  return addresses.length === 2 && isIPv6(addresses[0]!) === isIPv6(addresses[1]!)
    ? [
        'PUBLIC_IP names two addresses of one family: it must be one IPv4 address, one IPv6 address, or one of each',
      ]
    : [];
}
