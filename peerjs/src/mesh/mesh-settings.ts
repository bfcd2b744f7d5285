// The settings of the mesh's signaling.
import { integer } from '@relay-swarm/kit';

export const meshSettings = {
  meshRoomsMax: integer('PEERJS_MESH_ROOMS_MAX', { min: 1, max: 1_000_000, default: 10_000 }, 'Mesh rooms'),
  meshRoomMembersMax: integer(
    'PEERJS_MESH_ROOM_MEMBERS_MAX',
    { min: 2, max: 10_000, default: 1_000 },
    'Members of one mesh room',
  ),
  meshAwaySeconds: integer(
    'PEERJS_MESH_AWAY_SECONDS',
    { min: 0, max: 300, default: 10 },
    'Seconds that a member has to come back after its connection broke, before the others are told',
  ),
  meshFallbackBytesPerSecond: integer(
    'PEERJS_MESH_FALLBACK_BYTES_PER_SECOND',
    { min: 0, max: 100_000_000, default: 32_768 },
    'Bytes in each second that one room may send through the server, for members that the mesh does not reach',
  ),
};
