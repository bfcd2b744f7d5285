// IP addresses as text and as bytes, and the keys under which limits count them. Written once, since every service needs it for each packet
// or request; rules about networks are in special-networks.ts. Pure.
import { isIP } from 'node:net';

export const familyOf = (address: string): 4 | 6 => (address.includes(':') ? 6 : 4);

/** 4 or 16 bytes; undefined where the text is no address. A zone ("%eth0") is left out. */
export function addressBytes(address: string): Buffer | undefined {
  const text = withoutZone(address);
  const version = isIP(text);
  if (version === 4) return Buffer.from(text.split('.').map(Number));
  return version === 6 ? ipv6Bytes(text) : undefined;
}

function ipv6Bytes(text: string): Buffer {
  const [head = '', tail] = text.split('::');
  const front = groups(head);
  const back = tail === undefined ? [] : groups(tail);
  const bytes = Buffer.alloc(16);
  front.forEach((group, at) => bytes.writeUInt16BE(group, at * 2));
  back.forEach((group, at) => bytes.writeUInt16BE(group, 16 - (back.length - at) * 2));
  return bytes;
}

/** "1:2" is two groups, and so is the "1.2.3.4" at the end of some addresses (RFC 4291 §2.2). */
function groups(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return [parseInt(group, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number);
    return [(a << 8) | b, (c << 8) | d];
  });
}

/** As Node's sockets write it, so that the two can be compared. */
export function addressText(bytes: Uint8Array): string {
  return bytes.length === 4 ? ipv4Text(bytes, 0) : ipv6Text(bytes);
}

const ipv4Text = (bytes: Uint8Array, at: number): string =>
  `${bytes[at]!}.${bytes[at + 1]!}.${bytes[at + 2]!}.${bytes[at + 3]!}`;

/** As inet_ntop() does: the first of the longest runs of zeros is "::". Node's own SocketAddress takes ten times as long. */
function ipv6Text(bytes: Uint8Array): string {
  const group = (at: number): number => (bytes[at * 2]! << 8) | bytes[at * 2 + 1]!;
  let runAt = 8;
  let run = 1; // a single zero is written out
  for (let at = 0; at < 8; at++) {
    let end = at;
    while (end < 8 && group(end) === 0) end++;
    if (end - at > run) {
      runAt = at;
      run = end - at;
    }
    at = end;
  }
  // ::1.2.3.4 and ::ffff:1.2.3.4
  const endsInIPv4 = runAt === 0 && (run === 6 || (run === 5 && group(5) === 0xffff));
  let text = '';
  for (let at = 0; at < 8; at++) {
    if (at === runAt) {
      text += '::';
      at += run - 1;
    } else if (endsInIPv4 && at === 6) {
      return text + (text.endsWith(':') ? '' : ':') + ipv4Text(bytes, 12);
    } else {
      text += (text === '' || text.endsWith(':') ? '' : ':') + group(at).toString(16);
    }
  }
  return text;
}

const MAPPED = '::ffff:';

/** The IPv4 address that a socket for both families writes as ::ffff:1.2.3.4, without a zone; every other address as it is. */
export const withoutMapping = (address: string): string =>
  address.startsWith(MAPPED) && address.includes('.') ? withoutZone(address).slice(MAPPED.length) : address;

/** A zone may be any text, with colons and dots as well, and Node takes "::1%a:b" for an address. */
const withoutZone = (address: string): string => address.split('%', 1)[0]!;

/**
 * The key under which limits count an address: the IPv4 address, or the /64 of an IPv6 address, since one client owns that many.
 * Different spellings of an address have the same key. What is no address is its own key.
 */
export function limitKey(address: string): string {
  if (!address.includes(':')) return address;
  const plain = withoutMapping(address);
  if (!plain.includes(':')) return plain;
  const bytes = addressBytes(plain);
  if (bytes?.length !== 16) return address;
  const group = (at: number): string => bytes.readUInt16BE(at).toString(16);
  return `${group(0)}:${group(2)}:${group(4)}:${group(6)}::/64`;
}

/**
 * The /48 of a `limitKey()`: who rents one machine is often given a /56 or a /48, which is 256 or 65,536 keys. Undefined for IPv4, where
 * addresses next to each other belong to different people.
 */
export function siteKey(addressKey: string): string | undefined {
  if (!addressKey.endsWith('::/64')) return undefined;
  return `${addressKey.slice(0, addressKey.lastIndexOf(':', addressKey.length - 6))}::/48`;
}
