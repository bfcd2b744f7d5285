// IP addresses as text and as bytes. The text is always as Node's sockets spell it, so that both can be compared.
import { isIP } from 'node:net';
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
  return bytes.length === 4 ? ipv4Text(bytes, 0) : ipv6Text(bytes);
}

const ipv4Text = (bytes: Uint8Array, at: number): string =>
  `${bytes[at]!}.${bytes[at + 1]!}.${bytes[at + 2]!}.${bytes[at + 3]!}`;

/** As inet_ntop() does, and so the sockets: the first of the longest runs of zeros is "::". Node's own SocketAddress takes ten times as long. */
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
