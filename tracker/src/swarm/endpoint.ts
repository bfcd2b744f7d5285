// Addresses with a port as trackers hand them on (BEP 23, BEP 7): 4 or 16 bytes and 2 for the port, in network order.
// In memory a string of 6 or 18 characters U+0000–U+00FF, so that it is a key, and cheap to write. Pure.
import { isIP } from 'node:net';

export const IPV6_ENDPOINT_BYTES = 18;
const DOT = 0x2e;
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;

/** The endpoint of an address as Node writes it, or undefined where that is none. */
export function packEndpoint(address: string, port: number): string | undefined {
  const v4 = numberOfIPv4(address);
  if (v4 !== undefined)
    return String.fromCharCode(
      v4 >>> 24,
      (v4 >> 16) & 0xff,
      (v4 >> 8) & 0xff,
      v4 & 0xff,
      port >> 8,
      port & 0xff,
    );
  if (isIP(address) !== 6) return undefined;
  return String.fromCharCode(...bytesOfIPv6(address), port >> 8, port & 0xff);
}

/** Written out since every announce over UDP and HTTP needs it: parts and a list of numbers would be most of its garbage. */
function numberOfIPv4(address: string): number | undefined {
  let number = 0;
  let group = 0;
  let digits = 0;
  let dots = 0;
  for (let at = 0; at < address.length; at++) {
    const code = address.charCodeAt(at);
    if (code === DOT) {
      if (digits === 0 || ++dots > 3) return undefined;
      number = (number << 8) | group;
      group = digits = 0;
    } else {
      // Node writes no zero before other digits, and takes none.
      if (code < DIGIT_0 || code > DIGIT_9 || (digits > 0 && group === 0)) return undefined;
      group = group * 10 + code - DIGIT_0;
      if (group > 255) return undefined;
      digits++;
    }
  }
  return dots === 3 && digits > 0 ? (number << 8) | group : undefined;
}

export const isIPv6Endpoint = (endpoint: string): boolean => endpoint.length === IPV6_ENDPOINT_BYTES;

/** The same for people and for old clients: text and number. */
export function unpackEndpoint(endpoint: string): { address: string; port: number } {
  const bytes = Buffer.from(endpoint, 'latin1');
  const end = bytes.length - 2;
  const address = isIPv6Endpoint(endpoint)
    ? Array.from({ length: 8 }, (_, group) => bytes.readUInt16BE(2 * group).toString(16)).join(':')
    : bytes.subarray(0, end).join('.');
  return { address, port: bytes.readUInt16BE(end) };
}

/** All of them, one after the other. */
export function joinEndpoints(holders: readonly { readonly endpoint: string }[]): string {
  let all = '';
  for (const { endpoint } of holders) all += endpoint;
  return all;
}

function bytesOfIPv6(address: string): number[] {
  const [left = '', right = ''] = address.split('%', 1)[0]!.split('::');
  const [head, tail] = [bytesOfGroups(left), bytesOfGroups(right)];
  return [...head, ...Array<number>(16 - head.length - tail.length).fill(0), ...tail];
}

/** Groups between colons; the last one may be an IPv4 address (RFC 4291 §2.2). */
function bytesOfGroups(text: string): number[] {
  if (text === '') return [];
  return text
    .split(':')
    .flatMap((group) =>
      group.includes('.')
        ? group.split('.').map(Number)
        : [parseInt(group, 16) >> 8, parseInt(group, 16) & 0xff],
    );
}
