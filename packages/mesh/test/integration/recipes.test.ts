// The recipes of the README, with real Yjs and real rooms.
import { cleanup } from 'node-datachannel';
import { Awareness } from 'y-protocols/awareness';
import { Doc } from 'yjs';
import { startService, type RunningService } from '../../../../peerjs/test/support/service.ts';
import { joinFromNode } from '../../src/node.ts';
import type { Room } from '../../src/room.ts';
import { likeTrystero } from '../recipes/trystero-like.ts';
import { MeshProvider } from '../recipes/yjs-provider.ts';
import { until } from '../../../../test/support/until.ts';

let service: RunningService;
const rooms: Room[] = [];

beforeAll(async () => {
  service = await startService();
});
afterAll(async () => {
  for (const room of rooms) room.abandon();
  await service.stop();
  cleanup();
});

async function enter(name: string): Promise<Room> {
  const room = await joinFromNode(name, { signaling: `ws://127.0.0.1:${service.port}/mesh` });
  rooms.push(room);
  return room;
}

it('keeps documents and cursors of Yjs together, a newcomer’s too', async () => {
  const edit = async () => {
    const doc = new Doc();
    const awareness = new Awareness(doc);
    const room = await enter('yjs');
    return { doc, awareness, text: doc.getText('t'), room, provider: new MeshProvider(room, doc, awareness) };
  };
  const [a, b] = [await edit(), await edit()];
  await until('a link', () => a.room.links.length === 1 && b.room.links.length === 1);
  a.text.insert(0, 'hello');
  b.text.insert(0, 'x'.repeat(40_000)); // larger than one data channel message may be
  await until('both texts to be one', () => a.text.length === 40_005 && a.text.toJSON() === b.text.toJSON());
  a.awareness.setLocalState({ cursor: 7 });
  await until('the cursor', () => b.awareness.getStates().get(a.doc.clientID)?.['cursor'] === 7);
  const c = await edit();
  await until('the newcomer to have it all', () => c.text.toJSON() === a.text.toJSON());
  await until('the newcomer’s view of cursors', () => c.awareness.getStates().has(a.doc.clientID));
  c.provider.destroy();
  await until('the cursor to be gone', () => !a.awareness.getStates().has(c.doc.clientID));
});

it('serves code written for trystero’s rooms', async () => {
  const [a, b] = [likeTrystero(await enter('trystero')), likeTrystero(await enter('trystero'))];
  const seen: string[][] = [];
  const joined: string[] = [];
  b.onPeerJoin((id) => joined.push(id));
  await until('both', () => a.getPeers().length === 1 && b.getPeers().length === 1);
  await until('a link', () => rooms.at(-1)!.links.length === 1);
  const [send] = a.makeAction<string>('chat');
  const [, get] = b.makeAction<string>('chat');
  get((data, from) => seen.push([data, from]));
  await send('to all');
  await send('to you', b.getPeers().length === 1 ? a.getPeers() : []);
  await until('both messages', () => seen.length === 2);
  expect(seen.map(([data]) => data).sort()).toEqual(['to all', 'to you']);
  expect(joined).toEqual(b.getPeers());
  const left = new Promise((resolve) => b.onPeerLeave(resolve));
  await a.leave();
  await expect(left).resolves.toBe(joined[0]);
});
