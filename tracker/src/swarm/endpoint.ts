// Addresses with a port as trackers hand them on (BEP 23, BEP 7): 4 or 16 bytes and 2 for the port, in network order.
// In memory a string of 6 or 18 characters U+0000–U+00FF, so that it is a key, and cheap to write. Pure.

export const IPV4_ENDPOINT_BYTES = 6;
export const IPV6_ENDPOINT_BYTES = 18;

/** The endpoint of an address as Node writes it, or undefined where that is none. */
export function packEndpoint(address: string, port: number): string | undefined {
  const bytes = address.includes(':') ? readIPv6(address) : readIPv4(address);
  return bytes && String.fromCharCode(...bytes, port >> 8, port & 0xff);
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

function readIPv4(text: string): number[] | undefined {
  const bytes = text.split('.').map((part) => (/^\d{1,3}$/.test(part) ? Number(part) : 256));
  return bytes.length === 4 && bytes.every((byte) => byte < 256) ? bytes : undefined;
}

function readIPv6(text: string): number[] | undefined {
  const [head = '', tail, ...rest] = text.split('%', 1)[0]!.split('::');
  const left = readGroups(head);
  const right = tail === undefined ? [] : readGroups(tail);
  if (left === undefined || right === undefined || rest.length > 0) return undefined;
  const missing = 16 - left.length - right.length;
  if (tail === undefined ? missing !== 0 : missing < 2) return undefined;
  return [...left, ...Array<number>(missing).fill(0), ...right];
}

/** Groups between colons; the last one may be an IPv4 address (RFC 4291 §2.2). */
function readGroups(text: string): number[] | undefined {
  if (text === '') return [];
  const bytes: number[] = [];
  const groups = text.split(':');
  for (const [index, group] of groups.entries()) {
    const four = index === groups.length - 1 && group.includes('.') ? readIPv4(group) : undefined;
    if (four !== undefined) bytes.push(...four);
    else if (/^[0-9a-f]{1,4}$/i.test(group)) bytes.push(parseInt(group, 16) >> 8, parseInt(group, 16) & 0xff);
    else return undefined;
  }
  return bytes;
}
