// IP addresses as text and as bytes. The text is always as Node's sockets spell it, so that both can be compared.
import { isIP, SocketAddress } from 'node:net';
import type { AddressFamily } from '../engine.ts';

export const familyOf = (address: string): AddressFamily => (address.includes(':') ? 6 : 4);

/** 4 or 16 bytes; undefined where the text is no address. A zone ("%eth0") is left out. */
export function addressBytes(address: string): Buffer | undefined {
  const text = address.split('%', 1)[0]!;
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

/** "1:2" is two groups, and so is the "1.2.3.4" at the end of some addresses. */
function groups(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return [parseInt(group, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number);
    return [(a << 8) | b, (c << 8) | d];
  });
}

export function addressText(bytes: Uint8Array): string {
  if (bytes.length === 4) return `${bytes[0]!}.${bytes[1]!}.${bytes[2]!}.${bytes[3]!}`;
  const hex = Array.from({ length: 8 }, (_, at) => ((bytes[at * 2]! << 8) | bytes[at * 2 + 1]!).toString(16));
  return new SocketAddress({ address: hex.join(':'), family: 'ipv6' }).address;
}
