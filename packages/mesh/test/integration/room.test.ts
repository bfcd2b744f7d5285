// The API of a room, by members in Node: real data channels, the real signaling service.
import { cleanup } from 'node-datachannel';
import { WebSocket as NodeSocket } from 'ws';
import { startService, type RunningService } from '../../../../peerjs/test/support/service.ts';
import type { JoinOptions } from '../../src/join-options.ts';
import { joinFromNode } from '../../src/node.ts';
import type { Message } from '../../src/room-events.ts';
import type { Room } from '../../src/room.ts';
import { until } from '../../../../test/support/until.ts';

let service: RunningService;
let rooms: Room[] = [];

beforeAll(async () => {
  service = await startService();
});

afterEach(() => {
  for (const room of rooms) room.abandon();
  rooms = [];
});

afterAll(async () => {
  await service.stop();
  cleanup();
});

async function enter(name: string, count: number, options: Partial<JoinOptions> = {}): Promise<Room[]> {
  const signaling = `ws://127.0.0.1:${service.port}/mesh`;
  const entered = await Promise.all(
    Array.from({ length: count }, () => joinFromNode(name, { signaling, ...options })),
  );
  rooms.push(...entered);
  await until('a mesh', () =>
    entered.every(({ view }) => view.members.length === count && new Set(view.components).size === 1),
  );
  return entered;
}

async function take(messages: AsyncIterator<Message>): Promise<unknown> {
  const { value } = (await messages.next()) as { value?: Message };
  return value?.data;
}

it('gives bytes, text and JSON as they were sent, on their channels', async () => {
  const [a, b] = await enter('data', 2);
  const [chat, all] = [b!.messages('chat'), b!.messages()];
  await a!.broadcast('hello', { channel: 'chat', isOrdered: true });
  await a!.broadcast({ x: [1, null] }, { isOrdered: true });
  await a!.broadcast(new Uint8Array([1, 2, 3]), { isOrdered: true });
  expect(await take(chat)).toBe('hello');
  expect([await take(all), await take(all), await take(all)]).toEqual([
    'hello',
    { x: [1, null] },
    new Uint8Array([1, 2, 3]),
  ]);
});

it('brings a newcomer’s first words to those who are there', async () => {
  const [a] = await enter('newcomer', 1);
  const heard = a!.messages();
  const b = await joinFromNode('newcomer', { signaling: `ws://127.0.0.1:${service.port}/mesh` });
  rooms.push(b);
  await b.broadcast('hello'); // at once, when it does not know yet that anybody is there
  expect(await take(heard)).toBe('hello');
});

it('sends of the latest only the last, where a newer one is there before it could leave', async () => {
  const [a, b] = await enter('latest', 2, { sourcePacketsPerSecond: 25 });
  const places: unknown[] = [];
  b!.on('message', ({ data }) => places.push(data));
  // A burst of 80 packets is allowed; the rest wait for their turn, and are overtaken meanwhile
  const all = Array.from({ length: 200 }, (_, i) => a!.broadcast(i, { channel: 'cursor', isLatest: true }));
  await Promise.all(all);
  await until('the last', () => places.at(-1) === 199);
  expect(places).toEqual([...places].sort((x, y) => (x as number) - (y as number)));
  expect(places.length).toBeLessThan(100);
});

it('answers requests, tells of failures, and gives up where asked to', async () => {
  const [a, b] = await enter('requests', 2);
  b!.onRequest('double', (data) => 2 * (data as number));
  b!.onRequest('fail', () => {
    throw new Error('no');
  });
  b!.onRequest('never', () => new Promise(() => undefined));
  expect(await a!.request(b!.id, 21, { channel: 'double' })).toBe(42);
  await expect(a!.request(b!.id, 1, { channel: 'fail' })).rejects.toMatchObject({ code: 'FAILED' });
  await expect(a!.request(b!.id, 1, { channel: 'none' })).rejects.toThrow('Nobody answers');
  await expect(a!.request(b!.id, 1, { channel: 'never', timeoutMs: 50 })).rejects.toMatchObject({
    code: 'TIMEOUT',
  });
  const aborted = a!.request(b!.id, 1, { channel: 'never', signal: AbortSignal.abort(new Error('enough')) });
  await expect(aborted).rejects.toThrow('enough');
  await expect(a!.send('0'.repeat(64), 'x')).rejects.toMatchObject({ code: 'UNREACHABLE' });
});

it('sends to one member, over others where there is no link, and nobody else hears of it', async () => {
  const few = { connectionsTarget: 2, connectionsMax: 3 };
  const all = await enter('direct', 8, few);
  const heard = all.map((room) => {
    const got: unknown[] = [];
    room.on('message', ({ data }) => got.push(data));
    return got;
  });
  await Promise.all(all.slice(1).map((room) => all[0]!.send(room.id, room.id)));
  expect(heard).toEqual(all.map((room, i) => (i === 0 ? [] : [room.id])));
});

it('keeps those with another password apart, whatever the server would do', async () => {
  const [a, b] = await enter('secret', 2, { password: 'one' });
  const [stranger] = await enter('secret', 1, { password: 'two' });
  const inbox = b!.messages();
  await a!.broadcast('for us');
  expect(await take(inbox)).toBe('for us');
  expect(stranger!.members).toEqual([]);
});

it('tells the server neither the password nor the name, nor what is said in the room', async () => {
  const told: string[] = [];
  class WatchedSocket extends NodeSocket {
    override send(data: Parameters<NodeSocket['send']>[0]): void {
      told.push(data as string);
      super.send(data);
    }
  }
  const WebSocket = WatchedSocket as unknown as JoinOptions['WebSocket'];
  const [a] = await enter('hush-name', 2, { password: 'hush-password', ...(WebSocket && { WebSocket }) });
  await a!.broadcast('hush-message');
  await a!.leave();
  const decoded = (['base64', 'hex'] as const).flatMap((encoding) =>
    told.map((frame) =>
      frame.replace(encoding === 'hex' ? /[0-9a-f]{20,}/g : /[A-Za-z0-9+/=]{20,}/g, (data) =>
        Buffer.from(data, encoding).toString('latin1'),
      ),
    ),
  );
  expect(told.length).toBeGreaterThan(4);
  expect([...told, ...decoded].filter((frame) => frame.includes('hush'))).toHaveLength(0);
});

it('frees everything after leaving, and ends what waits', async () => {
  const [a, b] = await enter('leaving', 2);
  const waiting = b!.messages().next();
  const asked = b!.request(a!.id, 1, { channel: 'none-yet', timeoutMs: 60_000 });
  asked.catch(() => undefined);
  const goneFor = new Promise((resolve) => a!.on('memberleft', ({ id }) => resolve(id)));
  await b!.leave();
  expect((await waiting).done).toBe(true);
  await expect(goneFor).resolves.toBe(b!.id);
  await expect(b!.broadcast('x')).rejects.toMatchObject({ code: 'LEFT' });
  expect(b!.links).toEqual([]);
});

it('leaves when its signal says so', async () => {
  const controller = new AbortController();
  const [room] = await enter('abort', 1, { signal: controller.signal });
  const left = new Promise((resolve) => room!.on('left', () => resolve('left')));
  controller.abort();
  await expect(left).resolves.toBe('left');
});

it('says at once what is wrong with an option', async () => {
  await expect(joinFromNode('x', { signaling: 'https://a.example/mesh' })).rejects.toThrow(
    'wanted a URL that begins with wss:// or ws://',
  );
});
