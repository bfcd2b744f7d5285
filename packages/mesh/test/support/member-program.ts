// Members for tests to drive, the same in a page, in a process of their own and in the test itself: they enter, speak, and tell what they heard and how
// the room looks to them.
import type { join, JoinOptions, Room } from '@relay-swarm/mesh';

export interface MemberState {
  readonly id: string;
  readonly members: number;
  readonly links: number;
  readonly parts: number;
  readonly servers: number;
  readonly fallbackBytes: number;
}

export interface MemberProgram {
  enter(count: number, name: string, options: JoinOptions): Promise<void>;
  state(): readonly MemberState[];
  /** Each of them says it, in a message long enough for the tree. */
  broadcast(text: string): Promise<void>;
  /** Messages with this text, of all members here together; and how many of them came twice. */
  count(text: string): readonly [number, number];
  /** Nothing here holds them after that. */
  leave(): Promise<void>;
  abandon(): void;
}

export function memberProgram(enterRoom: typeof join): MemberProgram {
  const rooms: Room[] = [];
  const heard: string[] = [];
  return {
    enter: async (count, name, options) => {
      for (let i = 0; i < count; i++) {
        const room = await enterRoom(name, options);
        room.on('message', ({ data }) => heard.push(`${room.id} ${data as string}`));
        rooms.push(room);
      }
    },
    state: () =>
      rooms.map((room) => ({
        id: room.id,
        members: room.members.length + 1,
        links: room.links.length,
        parts: new Set(room.view.components).size,
        servers: room.servers.filter(({ isJoined }) => isJoined).length,
        fallbackBytes: room.stats.fallbackBytes,
      })),
    broadcast: async (text) => {
      for (const room of rooms) await room.broadcast(`${text} ${room.id.slice(0, 8)} ${'x'.repeat(600)}`);
    },
    count: (text) => {
      const meant = heard.filter((one) => one.includes(` ${text} `));
      return [meant.length, meant.length - new Set(meant).size];
    },
    leave: async () => {
      await Promise.all(rooms.splice(0).map((room) => room.leave()));
    },
    abandon: () => {
      for (const room of rooms.splice(0)) room.abandon();
    },
  };
}
