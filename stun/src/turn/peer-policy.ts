// Whom clients may reach through us. A TURN server stands inside a network and sends what strangers ask it to: so only the
// public internet, unless the operator says otherwise. Pure.
import type { PeerRules, TurnEngineOptions } from '../engine.ts';
import { addressBytes } from '../stun/ip-address.ts';

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

interface Network {
  readonly bytes: Buffer;
  readonly bits: number;
}

function readNetwork(text: string): Network | undefined {
  const [address = '', digits, ...more] = text.split('/');
  const bytes = address.includes('%') ? undefined : addressBytes(address);
  if (bytes === undefined || more.length > 0) return undefined;
  if (digits === undefined) return { bytes, bits: bytes.length * 8 };
  const bits = /^\d{1,3}$/.test(digits) ? Number(digits) : Infinity;
  return bits <= bytes.length * 8 ? { bytes, bits } : undefined;
}

/** Whether the text is an address, or a network such as "10.1.0.0/16". */
export const isNetwork = (text: string): boolean => readNetwork(text) !== undefined;

/** Only addresses of its own family: "::/0" holds no IPv4 address, and no list of Node's would see to that. */
function holds({ bytes, bits }: Network, address: Buffer): boolean {
  if (bytes.length !== address.length) return false;
  const whole = bits >> 3;
  for (let at = 0; at < whole; at++) if (bytes[at] !== address[at]) return false;
  const rest = bits & 7;
  return rest === 0 || (bytes[whole]! ^ address[whole]!) >> (8 - rest) === 0;
}

/** Whether an address is in one of the networks. Throws where a text is no network. */
function anyOf(texts: readonly string[]): (address: Buffer) => boolean {
  const networks = texts.map((text) => {
    const network = readNetwork(text);
    if (network === undefined) {
      throw new Error(`Cannot read network "${text}": wanted an address or address/bits`);
    }
    return network;
  });
  return (address) => networks.some((network) => holds(network, address));
}

/** As `anyOf`, of addresses as text. */
export function networkTest(networks: readonly string[]): (address: string) => boolean {
  const isIn = anyOf(networks);
  return (address) => {
    const bytes = addressBytes(address);
    return bytes !== undefined && isIn(bytes);
  };
}

/** The IPv4 address inside ::ffff:a.b.c.d, 64:ff9b::a.b.c.d (NAT64) and 2002:aabb:ccdd:: (6to4). */
function embeddedIPv4(address: Buffer): Buffer | undefined {
  if (isAtTheEnd(address)) return address.subarray(12);
  return is6to4(address) ? address.subarray(2, 6) : undefined;
}
const isAtTheEnd = anyOf(['::ffff:0:0/96', '64:ff9b::/96']);
const is6to4 = anyOf(['2002::/16']);

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
  const isDenied = anyOf(rules.denied);
  const isAllowed = anyOf(rules.allowed);
  const isSpecial = anyOf([...SPECIAL_IPV4, ...SPECIAL_IPV6, ...ownAddresses.filter(isNetwork)]);
  const isGlobalIPv6 = anyOf(GLOBAL_IPV6);

  const mayReach = (address: Buffer): boolean => {
    if (isDenied(address)) return false;
    if (isAllowed(address)) return true;
    return !isSpecial(address) && (address.length === 4 || isGlobalIPv6(address));
  };
  return (address) => {
    const bytes = addressBytes(address);
    if (bytes === undefined || address.includes('%')) return false;
    const inner = embeddedIPv4(bytes);
    return mayReach(bytes) && (inner === undefined || mayReach(inner));
  };
}
