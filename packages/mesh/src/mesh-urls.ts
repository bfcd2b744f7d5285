// On which relays a room lives: the first few by rendezvous hashing, the same for everybody, so that members meet and one relay may die.
import { rankRelays } from '@relay-swarm/protocol/ranking';
import { check, isText } from './checks.ts';
import { deriveRoom } from './room-secrets.ts';

export interface MeshRelay {
  readonly id: string;
  /** As the roster has it: where the relay's signaling is. */
  readonly peerjs?: string;
}

/** URLs for `join`'s option `signaling`: of the `count` relays that rank first for the room, among those that have signaling. */
export async function meshUrls(
  relays: readonly MeshRelay[],
  room: { readonly name: string; readonly password?: string },
  count = 3,
): Promise<string[]> {
  check((want) => {
    want(Array.isArray(relays), 'relays', relays, 'a list, such as that of a Roster');
    want(room.name && isText(room.name), "the room's name", room.name, 'text');
    want(isText(room.password ?? ''), 'password of type', typeof room.password, 'text');
    want(Number.isInteger(count) && count > 0, 'count', count, 'a whole number from 1');
  });
  const { address } = await deriveRoom(room.name, room.password);
  const able = relays.filter(({ peerjs }) => peerjs !== undefined);
  return rankRelays(address, able, count).map(({ peerjs }) => meshUrlOf(peerjs!));
}

/** Where the mesh's signaling is, beside a relay's PeerJS. */
export function meshUrlOf(peerjs: string): string {
  const url = new URL('/mesh', peerjs);
  url.protocol = url.protocol.replace('http', 'ws');
  return url.href;
}
