// Whether clients and relays may be sent to a URL, judged by its text: host and port. The name's addresses are checked when it is dialled.
import { isPublicAddress } from '@relay-swarm/net';
import { isIP } from 'node:net';

/** Names that mean another machine to everybody (RFC 6761, RFC 6762, RFC 8375, and what routers give out). */
const LOCAL_NAME = /(^|\.)(localhost|local|internal|intranet|private|lan|home|corp|localdomain|arpa)$/;

/** Whether a URL's host may be a public one: an address that is, or a name of more than one word that means the same to all. */
export function isPublicHost(host: string): boolean {
  const name = host.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  return isIP(name) === 0 ? name.includes('.') && !LOCAL_NAME.test(name) : isPublicAddress(name);
}

/** Above 1023 and yet of other protocols: browsers refuse them too (https://fetch.spec.whatwg.org/#port-blocking). */
const FOREIGN_PORTS = new Set([
  1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697,
  10080,
]);

/** Whether a relay may be at a URL's port: no stranger can make us dial mail or SSH servers. */
export function isRelayPort(port: string): boolean {
  const number = Number(port);
  return ['', '80', '443'].includes(port) || (number > 1_023 && !FOREIGN_PORTS.has(number));
}
