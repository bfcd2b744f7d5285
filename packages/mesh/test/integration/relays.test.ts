// A room on the relays of a real swarm: trackers with PeerJS and the mesh's signaling beside them, found by the client library.
import { cleanup } from 'node-datachannel';
import { WebSocket } from 'ws';
import { RelayChoice } from '../../../client/src/relay-choice.ts';
import { Roster } from '../../../client/src/roster.ts';
import { startRelays, type Relays } from '../../../client/test/support/relays.ts';
import { keepRoom } from '../../src/keep-room.ts';
import { meshUrls } from '../../src/mesh-urls.ts';
import { joinFromNode } from '../../src/node.ts';
import type { Room } from '../../src/room.ts';
import { untilWithin } from '../../../../test/support/until.ts';

const until = untilWithin(60_000);
const NAME = 'on several relays';
/** A browser's, for the client library: Node 20 has none, and that of ws throws what nobody listens to. */
class QuietSocket extends WebSocket {
  constructor(url: string) {
    super(url);
    this.on('error', () => undefined);
  }
}
Object.assign(globalThis, { WebSocket: QuietSocket });

describe('a room on two of three relays', () => {
  let relays: Relays;
  const rooms: Room[] = [];
  const rosters: Roster[] = [];
  const heard: string[] = [];

  const enter = async (sources: readonly string[]): Promise<Room> => {
    const roster = await Roster.load(sources);
    const room = await joinFromNode(NAME, { signaling: [] });
    const offers = ({ peerjs }: { peerjs?: string }): boolean => peerjs !== undefined;
    keepRoom(room, new RelayChoice(roster, room.address, { k: 2, offers }));
    room.on('message', ({ data }) => heard.push(`${room.id} ${data as string}`));
    rooms.push(room);
    rosters.push(roster);
    return room;
  };
  const isWhole = (): boolean =>
    rooms.every(({ view }) => view.members.length === rooms.length && new Set(view.components).size === 1);
  const joinedAt = (room: Room): string[] =>
    room.servers.flatMap(({ url, isJoined }) => (isJoined ? [url] : [])).sort();
  const everybodyHearsEverybody = async (text: string): Promise<void> => {
    for (const room of rooms) await room.broadcast(`${text} ${room.id}`);
    const meant = (): string[] => heard.filter((one) => one.includes(` ${text} `));
    const all = rooms.length * (rooms.length - 1);
    await until(`${all} messages`, () => meant().length >= all);
    expect(meant()).toHaveLength(all);
  };

  beforeAll(async () => {
    relays = await startRelays(3, {}, { hasPeerjs: true });
  }, 120_000);

  afterAll(async () => {
    for (const room of rooms) room.abandon();
    for (const roster of rosters) roster.close();
    await relays.stop();
    cleanup();
  });

  it('has all its members there, the first two of its ranking', async () => {
    await Promise.all([relays.urls, relays.urls.slice(1), relays.urls.slice(2)].map(enter));
    await until('one mesh', isWhole);
    const expected = (await meshUrls(rosters[0]!.relays, { name: NAME }, 2)).sort();
    await until('both relays', () => rooms.every((room) => joinedAt(room).join() === expected.join()));
    await everybodyHearsEverybody('first');
  }, 90_000);

  it('outlives one of them: the third steps in, and newcomers who know no other get in', async () => {
    const [first] = (await meshUrls(rosters[0]!.relays, { name: NAME }, 1)).map((url) => new URL(url).host);
    const dead = rosters[0]!.relays.find(({ peerjs }) => new URL(peerjs!).host === first)!.url;
    relays.kill(dead);
    await everybodyHearsEverybody('meanwhile');
    const left = relays.urls.filter((url) => url !== dead);
    await enter(left);
    await until('the newcomer in one mesh with the others', isWhole);
    await until('two relays for everybody', () => rooms.every((room) => joinedAt(room).length === 2));
    expect(new Set(rooms.flatMap(joinedAt))).toHaveProperty('size', 2);
    await everybodyHearsEverybody('afterwards');
  }, 120_000);
});
