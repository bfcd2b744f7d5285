// Whom clients may reach through us. A TURN server stands inside a network and sends what strangers ask it to: so only the
// public internet, unless the operator says otherwise. Pure.
import { BlockList, isIP } from 'node:net';
import type { PeerRules, TurnEngineOptions } from './engine.ts';
import { addressBytes, addressText } from './native/ip-address.ts';

/** What is not the public internet: IANA's special-purpose registries, multicast, and the forms that hide an IPv4 address. */
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
/** Everything outside 2000::/3 is special as well. */
export const SPECIAL_IPV6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'];
const GLOBAL_IPV6 = ['2000::/3'];

export type PeerPolicy = (address: string) => boolean;

/** Whether the text is an address, or a network such as "10.1.0.0/16". */
export function isNetwork(text: string): boolean {
  const [address = '', bits, ...more] = text.split('/');
  const version = isIP(address);
  if (version === 0 || more.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
}

/**
 * Whether an address is in one of the networks. Throws where a text is no network. One list for each family: in a common one
 * "::/0" would hold every IPv4 address as well.
 */
export function networkTest(networks: readonly string[]): (address: string) => boolean {
  const lists = { ipv4: new BlockList(), ipv6: new BlockList() };
  for (const text of networks) {
    if (!isNetwork(text)) throw new Error(`Cannot read network "${text}": wanted an address or address/bits`);
    const [address = '', bits] = text.split('/');
    const family = familyOf(address);
    lists[family].addSubnet(address, Number(bits ?? (family === 'ipv4' ? 32 : 128)), family);
  }
  return (address) => lists[familyOf(address)].check(address, familyOf(address));
}

const familyOf = (address: string): 'ipv4' | 'ipv6' => (address.includes(':') ? 'ipv6' : 'ipv4');

/** The IPv4 address inside ::ffff:a.b.c.d, 64:ff9b::a.b.c.d (NAT64) and 2002:aabb:ccdd:: (6to4). */
function embeddedIPv4(bytes: Buffer): string | undefined {
  if (bytes.length !== 16) return undefined;
  const head = bytes.toString('hex', 0, 12);
  if (head === '00000000000000000000ffff' || head === '0064ff9b0000000000000000') {
    return addressText(bytes.subarray(12));
  }
  return bytes.readUInt16BE(0) === 0x2002 ? addressText(bytes.subarray(2, 6)) : undefined;
}

/** Addresses come and go (DHCP, IPv6), and are read again when the last reading is older than this. */
const OWN_ADDRESSES_MS = 10_000;

/** The policy of an engine that is known to the world as `announced`. */
export function createEnginePeerPolicy(
  { peers, ownAddresses, nowMs }: TurnEngineOptions,
  announced: readonly string[],
): PeerPolicy {
  let policy: PeerPolicy = () => false;
  let readAtMs = -Infinity;
  return (address) => {
    if (nowMs() - readAtMs >= OWN_ADDRESSES_MS) {
      readAtMs = nowMs();
      policy = createPeerPolicy(peers, [...announced, ...ownAddresses()]);
    }
    return policy(address);
  };
}

/**
 * Says who may be a peer. `ownAddresses` are this machine's: never a peer over the network, or its services would be
 * within reach from inside; only `rules.allowed` opens them.
 */
export function createPeerPolicy(rules: PeerRules, ownAddresses: readonly string[] = []): PeerPolicy {
  const isDenied = networkTest(rules.denied);
  const isAllowed = networkTest(rules.allowed);
  const isSpecial = networkTest([...SPECIAL_IPV4, ...SPECIAL_IPV6, ...ownAddresses.filter(isNetwork)]);
  const isGlobalIPv6 = networkTest(GLOBAL_IPV6);

  const mayReach = (address: string): boolean => {
    if (isDenied(address)) return false;
    if (isAllowed(address)) return true;
    return !isSpecial(address) && (!address.includes(':') || isGlobalIPv6(address));
  };
  return (address) => {
    const bytes = addressBytes(address);
    if (bytes === undefined || address.includes('%')) return false;
    const inner = embeddedIPv4(bytes);
    return mayReach(address) && (inner === undefined || mayReach(inner));
  };
}
