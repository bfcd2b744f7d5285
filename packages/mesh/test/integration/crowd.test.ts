// Many members in Node, in one room: real data channels, keys and signaling. A hundred, by hand: npm run spawn -w packages/mesh -- 100.
import { cleanup } from 'node-datachannel';
import { startService, type RunningService } from '../../../../peerjs/test/support/service.ts';
import { joinFromNode } from '../../src/node.ts';
import type { Room } from '../../src/room.ts';
import { untilWithin } from '../../../../test/support/until.ts';

const COUNT = 12;
const VANISHING = 2;
const SOON_MS = 60_000;
const until = untilWithin(SOON_MS);

let service: RunningService;
let rooms: Room[] = [];
const heard: string[] = [];

const isWhole = (): boolean =>
  rooms.every(({ view }) => view.members.length === rooms.length && new Set(view.components).size === 1);

async function everybodyHearsEverybody(text: string): Promise<void> {
  for (const room of rooms) await room.broadcast(`${text} ${room.id} ${'x'.repeat(600)}`);
  const all = rooms.length * (rooms.length - 1);
  const meant = (): string[] => heard.filter((one) => one.includes(` ${text} `));
  await until(`${all} messages`, () => meant().length >= all);
  expect(meant()).toHaveLength(all);
}

beforeAll(async () => {
  service = await startService();
});

afterAll(async () => {
  for (const room of rooms) room.abandon();
  await service.stop();
  cleanup();
});

it(
  `${COUNT} members form one mesh, and everybody hears everybody once`,
  async () => {
    const signaling = `ws://127.0.0.1:${service.port}/mesh`;
    rooms = await Promise.all(Array.from({ length: COUNT }, () => joinFromNode('crowd', { signaling })));
    for (const room of rooms) room.on('message', ({ data }) => heard.push(`${room.id} ${data as string}`));
    await until('one mesh', isWhole);
    await everybodyHearsEverybody('all');
  },
  2 * SOON_MS,
);

it(
  'some vanish without a word: the others hear each other at once, and mend the mesh',
  async () => {
    for (const room of rooms.splice(0, VANISHING)) room.abandon();
    await everybodyHearsEverybody('fewer');
    await until('one mesh of those left', isWhole);
  },
  2 * SOON_MS,
);
