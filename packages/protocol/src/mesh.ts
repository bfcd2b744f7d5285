// The mesh's signaling on /mesh (PROTOCOL.md, "Mesh: signaling"), the server's half: it reads what members say.
// mesh-member.ts has the members' half.
// The server sees room addresses, ids, and who signals to whom; names, passwords, descriptions and messages it does not.
import { Fields } from './fields.ts';
import { MEMBER_ID_CHARS } from './mesh-packet.ts';
import {
  MESH_FRAME_CHARS_MAX,
  MESH_SIGNAL_CHARS_MAX,
  MESH_STATUS_CHARS_MAX,
  type MeshReply,
  type MeshRequest,
} from './mesh-member.ts';

const ROOM_ADDRESS_CHARS = 64;
/** Members that one fallback reaches: two for each part that the mesh has fallen into is what it takes. */
export const FALLBACK_TARGETS_MAX = 64;

const ID = new RegExp(`^[0-9a-f]{${MEMBER_ID_CHARS}}$`);
const SIGNATURE_CHARS = 128;

const requests: {
  readonly [A in MeshRequest['action']]: (fields: Fields) => Extract<MeshRequest, { action: A }>;
} = {
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

export const writeMeshReply = (message: MeshReply): string =>
  JSON.stringify(message.action === 'members' ? { ...message, isLast: message.isLast ? 1 : 0 } : message);
