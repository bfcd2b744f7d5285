// The mesh's signaling on /mesh (PROTOCOL.md, "Mesh: signaling"): what a member says to the server, and what it hears.
// The server sees room addresses, ids, and who signals to whom; names, passwords, descriptions and messages it does not.
import { Fields } from './fields.ts';
import { MEMBER_ID_CHARS } from './mesh-packet.ts';

export const MESH_VERSION = 1;
export const MESH_FRAME_CHARS_MAX = 65_536;
export const ROOM_ADDRESS_CHARS = 64;
export const MESH_CHALLENGE_CHARS = 64;
export const MESH_SIGNAL_CHARS_MAX = 32_768;
/** Base64 of a status packet with STATUS_LINKS_MAX links. */
export const MESH_STATUS_CHARS_MAX = 4_096;
/** Members that one fallback reaches: two for each part that the mesh has fallen into is what it takes. */
export const FALLBACK_TARGETS_MAX = 64;
/** Members in one frame of a snapshot. */
export const MESH_SNAPSHOT_MAX = 64;

const ID = new RegExp(`^[0-9a-f]{${MEMBER_ID_CHARS}}$`);
const SIGNATURE_CHARS = 128;

export type MeshRequest =
  /** `version` asks for nothing yet: a server may refuse one that it does not speak. */
  | {
      readonly action: 'join';
      readonly version: number;
      readonly room: string;
      readonly id: string;
      readonly signature: string;
    }
  | { readonly action: 'signal'; readonly to: string; readonly data: string }
  | { readonly action: 'status'; readonly version: number; readonly data: string }
  | { readonly action: 'fallback'; readonly to: readonly string[]; readonly data: string }
  | { readonly action: 'leave' };

type Readers<M extends { action: string }> = {
  readonly [A in M['action']]: (fields: Fields) => Extract<M, { action: A }>;
};

const requests: Readers<MeshRequest> = {
  join: (fields) => ({
    action: 'join',
    version: fields.integer('version', 1, 1_000),
    room: fields.hex('room', ROOM_ADDRESS_CHARS),
    id: fields.hex('id', MEMBER_ID_CHARS),
    signature: fields.hex('signature', SIGNATURE_CHARS),
  }),
  signal: (fields) => ({
    action: 'signal',
    to: fields.hex('to', MEMBER_ID_CHARS),
    data: fields.text('data', { charsMax: MESH_SIGNAL_CHARS_MAX }),
  }),
  status: (fields) => ({
    action: 'status',
    version: fields.integer('version', 0, Number.MAX_SAFE_INTEGER),
    data: fields.text('data', { charsMax: MESH_STATUS_CHARS_MAX }),
  }),
  fallback: (fields) => ({
    action: 'fallback',
    to: fields.words('to', FALLBACK_TARGETS_MAX, ID),
    data: fields.text('data', { charsMax: MESH_FRAME_CHARS_MAX }),
  }),
  leave: () => ({ action: 'leave' }),
};
const requestActions = Object.keys(requests) as MeshRequest['action'][];

/** Reads what a member sent, or throws ProtocolError. */
export function readMeshRequest(frame: string): MeshRequest {
  const fields = Fields.fromJson(frame, MESH_FRAME_CHARS_MAX);
  return requests[fields.oneOf('action', requestActions)](fields);
}

export interface MeshMember {
  readonly id: string;
  /** The newest status packet that the server has of it, base64. */
  readonly status?: string;
}

export const MESH_REFUSALS = [
  'bad-message',
  'bad-signature',
  'bad-version',
  'not-joined',
  'room-full',
  'rooms-full',
  'too-many-rooms',
  'fallback-budget',
  'rate',
] as const;
export type MeshRefusal = (typeof MESH_REFUSALS)[number];

export type MeshReply =
  | { readonly action: 'challenge'; readonly challenge: string }
  /** Of one snapshot, in pieces: the last has `isLast`. */
  | { readonly action: 'members'; readonly members: readonly MeshMember[]; readonly isLast: boolean }
  | { readonly action: 'joined'; readonly id: string }
  | { readonly action: 'left'; readonly id: string }
  | { readonly action: 'signal'; readonly from: string; readonly data: string }
  | { readonly action: 'absent'; readonly id: string }
  | { readonly action: 'status'; readonly from: string; readonly data: string }
  | { readonly action: 'fallback'; readonly from: string; readonly data: string }
  | {
      readonly action: 'refused';
      readonly what: MeshRefusal;
      readonly detail: string;
      readonly retryMs?: number;
    };

const replies: Readers<MeshReply> = {
  challenge: (fields) => ({ action: 'challenge', challenge: fields.hex('challenge', MESH_CHALLENGE_CHARS) }),
  members: (fields) => ({
    action: 'members',
    members: fields.objects('members', MESH_SNAPSHOT_MAX, readMember),
    isLast: fields.integer('isLast', 0, 1) === 1,
  }),
  joined: (fields) => ({ action: 'joined', id: fields.hex('id', MEMBER_ID_CHARS) }),
  left: (fields) => ({ action: 'left', id: fields.hex('id', MEMBER_ID_CHARS) }),
  signal: (fields) => ({
    action: 'signal',
    from: fields.hex('from', MEMBER_ID_CHARS),
    data: fields.text('data', { charsMax: MESH_SIGNAL_CHARS_MAX }),
  }),
  absent: (fields) => ({ action: 'absent', id: fields.hex('id', MEMBER_ID_CHARS) }),
  status: (fields) => ({
    action: 'status',
    from: fields.hex('from', MEMBER_ID_CHARS),
    data: fields.text('data', { charsMax: MESH_STATUS_CHARS_MAX }),
  }),
  fallback: (fields) => ({
    action: 'fallback',
    from: fields.hex('from', MEMBER_ID_CHARS),
    data: fields.text('data', { charsMax: MESH_FRAME_CHARS_MAX }),
  }),
  refused: (fields) => ({
    action: 'refused',
    what: fields.oneOf('what', MESH_REFUSALS),
    detail: fields.text('detail', { charsMax: 1_024 }),
    ...(fields.has('retryMs') ? { retryMs: fields.integer('retryMs', 0, 3_600_000) } : {}),
  }),
};
const replyActions = Object.keys(replies) as MeshReply['action'][];

/** Long enough for a snapshot's piece. */
const REPLY_CHARS_MAX = 2 * MESH_SNAPSHOT_MAX * (MESH_STATUS_CHARS_MAX + MEMBER_ID_CHARS);

/** Reads what the server sent, or throws ProtocolError. */
export function readMeshReply(frame: string): MeshReply {
  const fields = Fields.fromJson(frame, REPLY_CHARS_MAX);
  return replies[fields.oneOf('action', replyActions)](fields);
}

export const writeMeshRequest = (message: MeshRequest): string => JSON.stringify(message);
export const writeMeshReply = (message: MeshReply): string =>
  JSON.stringify(message.action === 'members' ? { ...message, isLast: message.isLast ? 1 : 0 } : message);

/** What a member signs to join: good for this room, at this server, for this challenge only. */
export function meshJoinText(challenge: string, room: string, origin: string): string {
  return `relay-swarm mesh join 1\n${challenge}\n${room}\n${origin}`;
}

function readMember(fields: Fields): MeshMember {
  const status = fields.has('status')
    ? { status: fields.text('status', { charsMax: MESH_STATUS_CHARS_MAX }) }
    : {};
  return { id: fields.hex('id', MEMBER_ID_CHARS), ...status };
}
