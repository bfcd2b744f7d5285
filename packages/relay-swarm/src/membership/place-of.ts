// Where a relay counts as being: its address (IPv6: /64) and the network of that (/24, /48). Pure.
import { isPublicAddress, limitKey } from '@relay-swarm/net';
import { isIP } from 'node:net';
import { networkKey } from '../discovery/network-key.ts';
import type { Place } from './member-table.ts';

/** In a lab all relays have one address: there each relay counts as a network of its own. An address may come from a stranger. */
export function placeOf(address: string, id: string, allowPrivate: boolean): Place {
  if (isIP(address) === 0 || (allowPrivate && !isPublicAddress(address))) return { address: id, network: id };
  return { address: limitKey(address), network: networkKey(address) };
}
