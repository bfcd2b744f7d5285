// What members of a mesh say to each other over their links (PROTOCOL.md, "Mesh: between members").
// A packet is signed by its source; the hops and the route before it change on the way and are not signed.
import { ByteReader, ByteWriter } from './mesh-bytes.ts';
import { ProtocolError } from './fields.ts';

/** A member's id is its Ed25519 public key. */
const MEMBER_KEY_BYTES = 32;
export const MEMBER_ID_CHARS = 2 * MEMBER_KEY_BYTES;
/** Where a collision could do no more than hide an announcement, the first bytes stand for an id. */
const SHORT_BYTES = 8;
const SHORT_CHARS = 2 * SHORT_BYTES;
export const shortOf = (id: string): string => id.slice(0, SHORT_CHARS);

export const SIGNATURE_BYTES = 64;
/** Of a packet's payload: what every WebRTC implementation takes in one message, with room for route and signature. */
export const CHUNK_BYTES_MAX = 16_384;
export const CHUNKS_MAX = 4_096;
export const HOPS_MAX = 64;
/** A link's frame: a chunk, its route and its signature. */
const LINK_FRAME_BYTES_MAX = 65_536;

/** Along the tree with lazy repair, over every link, to one member, or a member's status (over every link). */
export type PacketKind = 'tree' | 'flood' | 'direct' | 'status';
const KINDS: readonly PacketKind[] = ['tree', 'flood', 'direct', 'status'];

export interface PacketHeader {
  readonly kind: PacketKind;
  readonly source: string;
  /** Larger at every new start of the source: seconds of Unix time. */
  readonly epoch: number;
  /** Counts the source's messages. */
  readonly seq: number;
  readonly chunk: number;
  readonly chunks: number;
  /** Counts the messages whose order matters, from 1; 0 where it does not. */
  readonly order: number;
  /** Of a direct packet: the short id of its receiver. */
  readonly target?: string;
}
export interface Packet extends PacketHeader {
  readonly payload: Uint8Array;
}

/** What names a packet in announcements. */
export interface PacketId {
  /** Short id of the source. */
  readonly source: string;
  readonly epoch: number;
  readonly seq: number;
  readonly chunk: number;
}

export function writePacket(packet: Packet): Uint8Array {
  const writer = new ByteWriter().u8(KINDS.indexOf(packet.kind)).hex(packet.source);
  writer.varint(packet.epoch).varint(packet.seq).varint(packet.chunk).varint(packet.chunks);
  writer.varint(packet.order);
  if (packet.kind === 'direct') writer.hex(packet.target!);
  return writer.bytes(packet.payload).finish();
}

export function readPacket(bytes: Uint8Array): Packet {
  const reader = new ByteReader(bytes);
  const kind = KINDS[reader.u8()];
  if (kind === undefined) throw new ProtocolError('Cannot read a packet: its kind is unknown');
  const source = reader.hex(MEMBER_KEY_BYTES);
  const epoch = reader.varint();
  const seq = reader.varint();
  const chunk = reader.varint(CHUNKS_MAX - 1);
  const chunks = reader.varint(CHUNKS_MAX);
  if (chunk >= chunks) throw new ProtocolError('Cannot read a packet: its chunk is past the last');
  const header = { kind, source, epoch, seq, chunk, chunks, order: reader.varint() };
  const target = kind === 'direct' ? { target: reader.hex(SHORT_BYTES) } : {};
  if (reader.left > CHUNK_BYTES_MAX) {
    throw new ProtocolError(`Cannot read a packet of ${reader.left} bytes: the most is ${CHUNK_BYTES_MAX}`);
  }
  return { ...header, ...target, payload: reader.rest() };
}

/** The bytes that a source signs: the room is part of them, so that no packet is good in another room. */
export function packetSigningBytes(room: string, packet: Uint8Array): Uint8Array {
  return new ByteWriter().bytes(SIGNING_PREFIX).hex(room).bytes(packet).finish();
}
const SIGNING_PREFIX = Uint8Array.from('relay-swarm mesh packet 1\n', (char) => char.charCodeAt(0));

export interface Announcement extends PacketId {
  /** Of the packet, so that the receiver knows how long it may take. */
  readonly bytes: number;
}

export type LinkFrame =
  | {
      readonly type: 'packet';
      /** How many links it has travelled. */
      readonly hops: number;
      /** Sent because the receiver missed it: its neighbours may have missed it too, and get it only from there. */
      readonly isRepair: boolean;
      readonly route: Uint8Array;
      readonly packet: Uint8Array;
      readonly signature: Uint8Array;
    }
  | { readonly type: 'have'; readonly packets: readonly Announcement[] }
  | { readonly type: 'want'; readonly packets: readonly PacketId[] }
  | { readonly type: 'ping' | 'pong'; readonly token: number }
  /** The newest status that the sender has of everybody: tell me what is newer. */
  | {
      readonly type: 'digest';
      readonly statuses: readonly { member: string; epoch: number; seq: number }[];
    };

const TYPE = { packet: 1, repair: 2, have: 3, want: 4, ping: 5, pong: 6, digest: 7 } as const;
const LISTED_MAX = 4_096;

export function writeLinkFrame(frame: LinkFrame): Uint8Array {
  const writer = new ByteWriter();
  switch (frame.type) {
    case 'packet':
      writer.u8(frame.isRepair ? TYPE.repair : TYPE.packet).u8(frame.hops);
      writer.varint(frame.route.length).bytes(frame.route);
      return writer.bytes(frame.signature).bytes(frame.packet).finish();
    case 'have':
      writer.u8(TYPE.have).varint(frame.packets.length);
      for (const packet of frame.packets) writePacketId(writer, packet).varint(packet.bytes);
      return writer.finish();
    case 'want':
      writer.u8(TYPE.want).varint(frame.packets.length);
      for (const packet of frame.packets) writePacketId(writer, packet);
      return writer.finish();
    case 'digest':
      writer.u8(TYPE.digest).varint(frame.statuses.length);
      for (const { member, epoch, seq } of frame.statuses) writer.hex(member).varint(epoch).varint(seq);
      return writer.finish();
    default:
      return writer.u8(TYPE[frame.type]).varint(frame.token).finish();
  }
}

/** Reads a frame or throws ProtocolError. Byte arrays in it are windows on the frame. */
export function readLinkFrame(bytes: Uint8Array): LinkFrame {
  if (bytes.length > LINK_FRAME_BYTES_MAX) throw new ProtocolError('Cannot read a frame: it is too long');
  const reader = new ByteReader(bytes);
  const type = reader.u8();
  switch (type) {
    case TYPE.packet:
    case TYPE.repair: {
      const hops = reader.u8();
      const route = reader.take(reader.varint(LINK_FRAME_BYTES_MAX));
      const signature = reader.take(SIGNATURE_BYTES);
      return {
        type: 'packet',
        hops,
        isRepair: type === TYPE.repair,
        route,
        signature,
        packet: reader.rest(),
      };
    }
    case TYPE.have:
      return {
        type: 'have',
        packets: list(reader, () => ({ ...readPacketId(reader), bytes: reader.varint() })),
      };
    case TYPE.want:
      return { type: 'want', packets: list(reader, () => readPacketId(reader)) };
    case TYPE.ping:
      return { type: 'ping', token: reader.varint() };
    case TYPE.pong:
      return { type: 'pong', token: reader.varint() };
    case TYPE.digest:
      return {
        type: 'digest',
        statuses: list(reader, () => ({
          member: reader.hex(SHORT_BYTES),
          epoch: reader.varint(),
          seq: reader.varint(),
        })),
      };
    default:
      throw new ProtocolError('Cannot read a frame: its type is unknown');
  }
}

/** What a member tells of its links; the payload of a packet of kind "status". */
export interface StatusLink {
  /** Short id of the member at the other end. */
  readonly peer: string;
  readonly rttMs: number;
}
export const STATUS_LINKS_MAX = 64;
const RTT_MS_MAX = 60_000;

export function writeStatus(links: readonly StatusLink[], isLeaving: boolean): Uint8Array {
  const writer = new ByteWriter().u8(isLeaving ? 1 : 0).varint(links.length);
  for (const { peer, rttMs } of links) writer.hex(peer).varint(Math.min(Math.round(rttMs), RTT_MS_MAX));
  return writer.finish();
}

export function readStatus(payload: Uint8Array): { links: StatusLink[]; isLeaving: boolean } {
  const reader = new ByteReader(payload);
  const isLeaving = reader.u8() === 1;
  const links = list(
    reader,
    () => ({ peer: reader.hex(SHORT_BYTES), rttMs: reader.varint(RTT_MS_MAX) }),
    STATUS_LINKS_MAX,
  );
  return { links, isLeaving };
}

function writePacketId(writer: ByteWriter, { source, epoch, seq, chunk }: PacketId): ByteWriter {
  return writer.hex(source).varint(epoch).varint(seq).varint(chunk);
}

function readPacketId(reader: ByteReader): PacketId {
  return {
    source: reader.hex(SHORT_BYTES),
    epoch: reader.varint(),
    seq: reader.varint(),
    chunk: reader.varint(CHUNKS_MAX - 1),
  };
}

function list<T>(reader: ByteReader, read: () => T, itemsMax = LISTED_MAX): T[] {
  const count = reader.varint(itemsMax);
  if (count > reader.left) throw new ProtocolError('Cannot read a list: the frame ends before it');
  return Array.from({ length: count }, read);
}
