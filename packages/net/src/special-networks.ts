// Which addresses are not the public internet. The project's only such list: whatever uses an address that a stranger has named (a dial, a
// TURN peer, an entry of a swarm) asks here. Addresses are compared as bytes. Pure.
import { addressBytes } from './ip.ts';

/** IANA's special-purpose registry (RFC 6890), multicast, and services of clouds that have public addresses. */
export const SPECIAL_IPV4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10', // carrier-grade NAT
  '127.0.0.0/8',
  '168.63.129.16/32', // Azure's own services, private DNS among them
  '169.254.0.0/16', // link-local, and the metadata services of clouds
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24', // 6to4 anycast
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
];
/** Of IPv6 only 2000::/3 is in public use, so that the rest, IPv4-mapped and NAT64 addresses among it, needs no list. */
export const SPECIAL_IPV6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'];
const GLOBAL_IPV6 = ['2000::/3'];

interface Network {
  readonly bytes: Uint8Array;
  readonly bits: number;
}

/** "10.1.0.0/16", or an address for a network of one. */
function readNetwork(text: string): Network | undefined {
  const [address = '', bits] = text.split('/', 2);
  const bytes = address.includes('%') ? undefined : addressBytes(address);
  if (bytes === undefined) return undefined;
  const bitsMax = bytes.length * 8;
  if (bits === undefined) return { bytes, bits: bitsMax };
  if (!/^\d{1,3}$/.test(text.slice(address.length + 1)) || Number(bits) > bitsMax) return undefined;
  return { bytes, bits: Number(bits) };
}

/** Whether the text is an address, or a network such as "10.1.0.0/16". */
export const isNetwork = (text: string): boolean => readNetwork(text) !== undefined;

/** Only addresses of its own family: "::/0" holds no IPv4 address, and no list of Node's would see to that. */
function holds({ bytes, bits }: Network, address: Uint8Array): boolean {
  if (bytes.length !== address.length) return false;
  const whole = bits >> 3;
  for (let at = 0; at < whole; at++) if (bytes[at] !== address[at]) return false;
  const rest = bits & 7;
  return rest === 0 || (bytes[whole]! ^ address[whole]!) >> (8 - rest) === 0;
}

/** Tells of addresses as bytes whether they are in one of the networks. Throws where a text is no network. */
export function networkBytesTest(texts: readonly string[]): (address: Uint8Array) => boolean {
  const networks = texts.map((text) => {
    const network = readNetwork(text);
    if (network === undefined)
      throw new Error(`Cannot read network "${text}": wanted an address or address/bits`);
    return network;
  });
  return (address) => networks.some((network) => holds(network, address));
}

/** The same of addresses as text; what is no address is in no network. */
export function networkTest(networks: readonly string[]): (address: string) => boolean {
  const isIn = networkBytesTest(networks);
  return (address) => {
    const bytes = addressBytes(address);
    return bytes !== undefined && isIn(bytes);
  };
}

const isSpecial = networkBytesTest([...SPECIAL_IPV4, ...SPECIAL_IPV6]);
const isGlobalIPv6 = networkBytesTest(GLOBAL_IPV6);

/** Of an address as bytes; see `isPublicAddress()`. */
export const isPublicBytes = (address: Uint8Array): boolean =>
  !isSpecial(address) && (address.length === 4 || isGlobalIPv6(address));

/** Whether an address belongs to the public internet. An address with a zone ("%eth0") does not: it has a meaning on this machine only. */
export function isPublicAddress(address: string): boolean {
  if (address.includes('%')) return false;
  const bytes = addressBytes(address);
  return bytes !== undefined && isPublicBytes(bytes);
}
