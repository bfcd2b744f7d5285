// The mesh's signaling over real sockets.
import { generateKeyPairSync } from 'node:crypto';
import { closeMembers, TestMember } from '../support/mesh-member.ts';
import { startService, type RunningService } from '../support/service.ts';

const room = TestMember.room;
let service: RunningService;

const start = async (env: Record<string, string> = {}): Promise<void> => {
  service = await startService(env);
};
const member = (): TestMember => new TestMember(service.port);

afterEach(async () => {
  closeMembers();
  await service.stop();
});

it('introduces members, carries what they say to each other, and says who left', async () => {
  await start();
  const a = await member().join();
  await a.hear('members');
  a.say({ action: 'status', version: 1, data: 'AAAA' });
  const b = await member().join();
  const list = await b.hear('members');
  expect(list.members.map(({ id }) => id)).toEqual([a.id]);
  await a.hear('joined', ({ id }) => id === b.id);
  b.say({ action: 'signal', to: a.id, data: 'sealed', from: 'f'.repeat(64) });
  expect(await a.hear('signal')).toEqual({ action: 'signal', from: b.id, data: 'sealed' });
  a.say({ action: 'fallback', to: [b.id], data: 'BBBB' });
  expect(await b.hear('fallback')).toEqual({ action: 'fallback', from: a.id, data: 'BBBB' });
  b.say({ action: 'leave' });
  await a.hear('left', ({ id }) => id === b.id);
  expect(await b.closed()).toBe(1000);
});

it('lets nobody in who does not hold the key of its id, or signed for another server', async () => {
  await start();
  const stranger = member();
  await stranger.hear('challenge');
  stranger.say({ action: 'join', version: 1, room, id: 'ab'.repeat(32), signature: '00'.repeat(64) });
  expect((await stranger.hear('refused')).what).toBe('bad_signature');
  expect(await stranger.closed()).toBe(1008);
  const elsewhere = await member().join({ origin: 'wss://other.example' });
  expect((await elsewhere.hear('refused')).what).toBe('bad_signature');
});

it('lets a member come back with the same key, and nobody notices', async () => {
  await start({ PEERJS_MESH_AWAY_SECONDS: '300' });
  const pair = generateKeyPairSync('ed25519');
  const watcher = await member().join();
  await watcher.hear('members');
  const first = await new TestMember(service.port, pair).join();
  await watcher.hear('joined');
  first.socket.terminate();
  await first.closed();
  const second = await new TestMember(service.port, pair).join();
  await second.hear('members');
  watcher.say({ action: 'signal', to: second.id, data: 'still there' });
  await second.hear('signal');
  expect(watcher.replies.filter(({ action }) => action === 'joined' || action === 'left')).toHaveLength(1);
  const third = await new TestMember(service.port, pair).join();
  await third.hear('members');
  expect(await second.closed()).toBe(4000);
});

it.each([
  ['no JSON', '{', 'bad_message'],
  ['a binary frame', Buffer.from('{"action":"leave"}'), 'bad_message'],
  ['an unknown action', '{"action":"eval"}', 'bad_message'],
  ['something before joining', '{"action":"leave"}', 'not_joined'],
])('refuses %s, tells why, and goes on', async (_case, frame, what) => {
  await start();
  const one = member();
  await one.hear('challenge');
  one.socket.send(frame);
  expect((await one.hear('refused')).what).toBe(what);
  await one.join();
  await one.hear('members');
});

it('ends a flood, and the others notice nothing', async () => {
  await start({ PEERJS_MESSAGES_BURST: '50', PEERJS_MESSAGES_PER_SECOND: '10' });
  const quiet = await member().join();
  const loud = await member().join();
  await loud.hear('members');
  for (let i = 0; i < 2_000; i++) loud.say({ action: 'signal', to: quiet.id, data: 'x'.repeat(1_000) });
  expect(await loud.closed()).toBe(1008);
  quiet.say({ action: 'signal', to: 'ab'.repeat(32), data: 'anybody?' });
  await quiet.hear('absent');
});

it('closes a socket that never joins, and counts what it did', async () => {
  await start();
  const idle = member();
  await idle.hear('challenge');
  service.advance(11_000);
  expect(await idle.closed()).toBe(1006);
  const metrics = await (await fetch(`http://127.0.0.1:${service.port}/metrics`)).text();
  expect(metrics).toMatch(/peerjs_mesh_sockets_closed_total\{reason="not_joined"\} 1/);
  expect(metrics).toMatch(/peerjs_mesh_rooms 0/);
});

it('tells members to go elsewhere when it stops', async () => {
  await start();
  const a = await member().join();
  await a.hear('members');
  const [code] = await Promise.all([a.closed(), service.stop()]);
  expect(code).toBe(1012);
  await start();
});
