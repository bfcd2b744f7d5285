// The mesh's signaling over real sockets.
import { meshJoinText, readMeshReply, type MeshReply } from '@relay-swarm/protocol/mesh-member';
import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { WebSocket } from 'ws';
import { startService, type RunningService } from '../support/service.ts';

const room = 'ab'.repeat(32);
let service: RunningService;
let members: TestMember[] = [];

class TestMember {
  readonly id: string;
  readonly replies: MeshReply[] = [];
  readonly #key: KeyObject;
  readonly #origin: string;
  readonly socket: WebSocket;
  closeCode: number | undefined;

  constructor(port: number, pair = generateKeyPairSync('ed25519')) {
    this.#key = pair.privateKey;
    const { x } = pair.publicKey.export({ format: 'jwk' });
    this.id = Buffer.from(x!, 'base64url').toString('hex');
    this.#origin = `ws://127.0.0.1:${port}`;
    this.socket = new WebSocket(`${this.#origin}/mesh`);
    this.socket.on('message', (data) => this.replies.push(readMeshReply((data as Buffer).toString())));
    this.socket.on('close', (code) => (this.closeCode = code));
    this.socket.on('error', () => undefined); // 'close' follows
    members.push(this);
  }

  async join(more: { address?: string; origin?: string } = {}): Promise<this> {
    const { challenge } = await this.hear('challenge');
    const { address = room, origin = this.#origin } = more;
    const text = meshJoinText(challenge, address, origin);
    const signature = sign(undefined, Buffer.from(text), this.#key).toString('hex');
    this.say({ action: 'join', version: 1, room: address, id: this.id, signature });
    return this;
  }

  say(message: unknown): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  async hear<A extends MeshReply['action']>(
    action: A,
    isMeant: (reply: Extract<MeshReply, { action: A }>) => boolean = () => true,
  ): Promise<Extract<MeshReply, { action: A }>> {
    const find = () =>
      this.replies.find(
        (reply): reply is Extract<MeshReply, { action: A }> =>
          reply.action === action && isMeant(reply as Extract<MeshReply, { action: A }>),
      );
    await until(`"${action}"`, () => find() !== undefined);
    return find()!;
  }

  async closed(): Promise<number> {
    await until('a close', () => this.closeCode !== undefined);
    return this.closeCode!;
  }
}

async function until(what: string, isSo: () => boolean): Promise<void> {
  for (let waitedMs = 0; !isSo(); waitedMs += 10) {
    if (waitedMs > 10_000) throw new Error(`Waited 10 s for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const start = async (env: Record<string, string> = {}): Promise<void> => {
  service = await startService(env);
};
const member = (): TestMember => new TestMember(service.port);

afterEach(async () => {
  for (const { socket } of members) socket.terminate();
  members = [];
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
  ['an unknown action', '{"action":"eval"}', 'bad_message'],
  ['something before joining', '{"action":"leave"}', 'not_joined'],
])('refuses %s, tells why, and goes on', async (_case, frame, what) => {
  await start();
  const one = member();
  await one.hear('challenge');
  one.say(frame);
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
