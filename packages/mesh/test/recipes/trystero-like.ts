// The shape of trystero's rooms over ours: actions by name, peers that come and go. An example to copy.
import type { Data } from '../../src/envelope.ts';
import type { Room } from '../../src/room.ts';

type Receive<T extends Data> = (data: T, peerId: string) => void;

export interface LikeTrystero {
  makeAction<T extends Data>(
    name: string,
  ): [send: (data: T, to?: string | readonly string[]) => Promise<void>, get: (receive: Receive<T>) => void];
  getPeers(): readonly string[];
  onPeerJoin(callback: (peerId: string) => void): void;
  onPeerLeave(callback: (peerId: string) => void): void;
  leave(): Promise<void>;
}

export const likeTrystero = (room: Room): LikeTrystero => ({
  makeAction: (name) => [
    async (data, to) => {
      if (to === undefined) await room.broadcast(data, { channel: name });
      else await Promise.all([to].flat().map((id) => room.send(id, data, { channel: name })));
    },
    (receive) => {
      room.on('message', ({ channel, data, from }) => {
        if (channel === name) receive(data as never, from);
      });
    },
  ],
  getPeers: () => room.members,
  onPeerJoin: (callback) => {
    for (const id of room.members) callback(id);
    room.on('memberjoined', ({ id }) => callback(id));
  },
  onPeerLeave: (callback) => void room.on('memberleft', ({ id }) => callback(id)),
  leave: () => room.leave(),
});
