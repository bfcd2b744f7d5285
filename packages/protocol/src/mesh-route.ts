// The part of a spanning tree that a packet carries: what its receiver has to pass on, and to whom. In preorder, one varint for each
// member: a tag that tells it from its parent's other links, and two flags. A tag is as short as the parent's links allow, since
// nobody but the parent reads it. What a child gets is a window on its parent's bytes: relaying encodes nothing.
import { ByteReader, type ByteWriter } from './mesh-bytes.ts';
import { ProtocolError } from './fields.ts';

/** Bits of the tag in a varint of 1, 2 and 3 bytes: seven a byte, less the two flags. */
export const TAG_BITS = [5, 12, 19] as const;
export type TagBits = (typeof TAG_BITS)[number];
const HAS_CHILDREN = 2;
const HAS_NEXT = 1;
/** Deeper trees are refused: a packet travels no further than this anyway. */
export const ROUTE_DEPTH_MAX = 64;

/** The longest tag of a member; shorter ones are its low bits. */
export const tagOf = (id: string): number => Number.parseInt(id.slice(0, 5), 16) & 0x7ffff;
export const cutTag = (tag: number, bits: TagBits): number => tag & ((1 << bits) - 1);

export interface Branch {
  readonly tag: number;
  readonly bits: TagBits;
  /** For this child, to pass on in turn. */
  readonly route: Uint8Array;
}

export function writeBranch(
  to: ByteWriter,
  tag: number,
  bits: TagBits,
  hasChildren: boolean,
  hasNext: boolean,
): void {
  const value = (cutTag(tag, bits) << 2) | (hasChildren ? HAS_CHILDREN : 0) | (hasNext ? HAS_NEXT : 0);
  if (bits === 5) to.u8(value);
  else if (bits === 12) to.u8((value & 127) | 128).u8(value >> 7);
  else
    to.u8((value & 127) | 128)
      .u8(((value >> 7) & 127) | 128)
      .u8(value >> 14);
}

/** The first level of a route. Throws ProtocolError where it is none, or has more than `membersMax` members. */
export function readRoute(route: Uint8Array, membersMax: number): Branch[] {
  if (route.length === 0) return [];
  const reader = new ByteReader(route);
  const branches: Branch[] = [];
  const open: boolean[] = []; // for each level that we are in, whether its member has a next sibling
  let members = 0;
  let first = { tag: 0, bits: 5 as TagBits, start: 0 };
  for (;;) {
    if (++members > membersMax)
      throw new ProtocolError(`Cannot read a route: it has more than ${membersMax}`);
    let value = 0;
    let bytes = 0;
    for (let byte = 128; byte > 127; bytes++) {
      if (bytes === TAG_BITS.length) throw new ProtocolError('Cannot read a route: a tag is too long');
      byte = reader.u8();
      value |= (byte & 127) << (7 * bytes);
    }
    if (open.length === 0) {
      first = { tag: value >> 2, bits: TAG_BITS[bytes - 1]!, start: route.length - reader.left };
    }
    let hasNext = (value & HAS_NEXT) !== 0;
    if ((value & HAS_CHILDREN) !== 0) {
      if (open.push(hasNext) > ROUTE_DEPTH_MAX)
        throw new ProtocolError('Cannot read a route: it is too deep');
      continue;
    }
    while (!hasNext && open.length > 0) {
      hasNext = open.pop()!;
    }
    // Back on the first level, or on the way to a sibling further down
    if (open.length > 0) continue;
    const { tag, bits, start } = first;
    branches.push({ tag, bits, route: route.subarray(start, route.length - reader.left) });
    if (!hasNext) break;
  }
  if (reader.left > 0) throw new ProtocolError('Cannot read a route: something follows its end');
  return branches;
}
