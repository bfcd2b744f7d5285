// The node id that BEP 42 asks for: its first 21 bits follow from the public IPv4 address, so that nobody takes an id of choice. Nodes that enforce it
// answer every other id with error 203, so a relay with a random id would get no other answer from them.
import { addressBytes } from '@relay-swarm/net/ip';

const ADDRESS_MASK = [0x03, 0x0f, 0x3f, 0xff] as const;

const CRC32C = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (remainder & 1 ? 0x82f63b78 : 0);
  return remainder;
});

function crc32c(bytes: Iterable<number>): number {
  let remainder = 0xffffffff;
  for (const byte of bytes) remainder = (remainder >>> 8) ^ CRC32C[(remainder ^ byte) & 0xff]!;
  return ~remainder >>> 0;
}

/** The 20 bytes for a node at this IPv4 address; `random` is 20 random bytes, the last of which goes into the checksum. */
export function dhtNodeId(ipv4: string, random: Uint8Array): Uint8Array {
  const address = addressBytes(ipv4);
  if (address?.length !== 4) throw new Error(`Cannot make a node id for "${ipv4}": wanted an IPv4 address`);
  const id = Uint8Array.from(random);
  const masked = ADDRESS_MASK.map((mask, i) => address[i]! & mask);
  masked[0]! |= (id[19]! & 7) << 5;
  const sum = crc32c(masked);
  id[0] = sum >>> 24;
  id[1] = (sum >>> 16) & 0xff;
  id[2] = ((sum >>> 8) & 0xf8) | (id[2]! & 7);
  return id;
}
