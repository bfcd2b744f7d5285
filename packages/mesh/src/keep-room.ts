// A room that stays longer than its relays: where one of them fails, the next of the ranking introduces members in its place.
import { check } from './checks.ts';
import { meshUrlOf, type MeshRelay } from './mesh-urls.ts';
import type { Room } from './room.ts';

/** What is used of the client library's `RelayChoice`. */
export interface RoomRelays {
  readonly relays: readonly MeshRelay[];
  on(event: 'relaychange', listener: () => void, options: { signal: AbortSignal }): unknown;
  close(): void;
}

/**
 * Keeps the room on these relays, now and when they change, until it is left; the choice ends with it:
 * `keepRoom(room, new RelayChoice(roster, room.address, { offers: ({ peerjs }) => peerjs !== undefined }))`.
 */
export function keepRoom(room: Room, choice: RoomRelays): void {
  check((want) =>
    want(Array.isArray(choice.relays), 'choice', choice, 'a RelayChoice of @relay-swarm/client'),
  );
  const ended = new AbortController();
  const use = (): void => {
    const urls = choice.relays.flatMap(({ peerjs }) => (peerjs === undefined ? [] : [meshUrlOf(peerjs)]));
    if (urls.length > 0) room.useServers(urls); // where all are gone, those that we had may come back first
  };
  choice.on('relaychange', use, { signal: ended.signal });
  room.on('left', () => {
    ended.abort();
    choice.close();
  });
  use();
}
