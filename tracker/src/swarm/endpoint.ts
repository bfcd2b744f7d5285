// Addresses with a port as trackers hand them on (BEP 23, BEP 7): 4 or 16 bytes and 2 for the port, in network order.
// In memory a string of 6 or 18 characters U+0000–U+00FF, so that it is a key, and cheap to write. Pure.
import { isIP } from 'node:net';

export const IPV6_ENDPOINT_BYTES = 18;

/** The endpoint of an address as Node writes it, or undefined where that is none. */
export function packEndpoint(address: string, port: number): string | undefined {
  if (isIP(address) === 0) return undefined;
  const bytes = address.includes(':') ? bytesOfIPv6(address) : address.split('.').map(Number);
  return String.fromCharCode(...bytes, port >> 8, port & 0xff);
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
export function joinEndpoints(holders: readonly { readonly endpoint: string }[]): Buffer {
  return Buffer.from(holders.map(({ endpoint }) => endpoint).join(''), 'latin1');
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
