// Clients with a valid id, and strangers, who use what they may to take memory from the server or the place from somebody else.
import { setImmediate as turn } from 'node:timers/promises';
import { connect, disconnectAll, open, until, type TestClient } from '../support/client.ts';
import { startService, type RunningService } from '../support/service.ts';

const running: RunningService[] = [];

async function start(env: Record<string, string> = {}): Promise<RunningService> {
  const service = await startService(env);
  running.push(service);
  return service;
}

/** No limit but the one that is looked at. */
const UNLIMITED = {
  PEERJS_MESSAGES_PER_SECOND: '1000000',
  PEERJS_MESSAGES_BURST: '1000000',
  PEERJS_MESSAGES_PER_ADDRESS_PER_SECOND: '10000000',
  PEERJS_MESSAGES_PER_ADDRESS_BURST: '10000000',
};

afterEach(async () => {
  disconnectAll();
  for (const service of running.splice(0)) await service.stop();
});

describe('a stranger who wants an id', () => {
  const countPings = (client: TestClient): { readonly pings: number } => {
    const count = { pings: 0 };
    client.socket.on('ping', () => count.pings++);
    return count;
  };

  it('changes nothing for its holder, who is not even asked', async () => {
    const { port } = await start({ PEERJS_MESSAGES_PER_SECOND: '1', PEERJS_MESSAGES_BURST: '10' });
    const alice = await open(port, 'alice');
    const count = countPings(alice);
    for (let i = 0; i < 40; i++) await connect(port, { id: 'alice', token: 'other' }).receive('ID-TAKEN');
    await alice.settled();
    expect([count.pings, alice.closeCode]).toEqual([0, undefined]);
    expect(running[0]!.counters.rests).toBe(0);
  });

  it.each([
    ['a wrong key', { id: 'alice', token: 'other', key: 'wrong' }],
    ['no token', { id: 'alice', token: '' }],
  ])('is not taken seriously with %s', async (_case, who) => {
    const { port } = await start();
    const alice = await open(port, 'alice');
    const count = countPings(alice);
    await connect(port, who).receive('ERROR');
    await alice.settled();
    expect(count.pings).toBe(0);
  });
});

it('a text that is no UTF-8 reaches nobody and ends its socket', async () => {
  const { port } = await start();
  const [alice, bob] = [await open(port, 'alice'), await open(port, 'bob')];
  const [head, tail] = ['{"type":"OFFER","dst":"bob","payload":"', '"}'].map((text) => Buffer.from(text));
  alice.socket.send(Buffer.concat([head!, Buffer.from([0xc3, 0x28]), tail!]), { binary: false });
  expect(await alice.closed()).toBe(1007);
  await bob.settled();
  expect(bob.of('OFFER')).toEqual([]);
});

describe('a client that pings', () => {
  it('and does not read the answers is cut', async () => {
    const service = await start({
      ...UNLIMITED,
      PEERJS_FRAME_BYTES_MAX: '2048',
      PEERJS_SEND_BUFFER_BYTES_MAX: '16384',
    });
    const { socket } = await open(service.port, 'pinging');
    socket.pause();
    const data = Buffer.alloc(125);
    // As much as the kernel holds for both ends, and some more.
    for (let i = 0; i < 200_000 && service.signaling.clients === 1; i++) {
      socket.ping(data);
      if (i % 1_000 === 0) await turn();
    }
    await until('the cut', () => service.signaling.clients === 0);
    expect(service.counters.closed.counts).toEqual({ slow_reader: 1 });
  });
});

describe('a client that floods', () => {
  const offer = (dst: string, payload: unknown): object => ({ type: 'OFFER', dst, payload });

  it('the queue of a peer that is not there does not keep it from coming', async () => {
    const { port } = await start(UNLIMITED);
    const mallory = await open(port, 'mallory');
    for (let i = 0; i < 40; i++) mallory.send(offer('victim', 'x'.repeat(65_000)));
    await mallory.receive('EXPIRE');
    await mallory.settled();
    const victim = await open(port, 'victim');
    mallory.send(offer('victim', 'last'));
    await until('the last', () => victim.of('OFFER').at(-1)?.payload === 'last');
    expect(victim.closeCode).toBeUndefined();
  });

  it('one that reads slowly does not get it cut, with however many sockets at once', async () => {
    const service = await start(UNLIMITED);
    const { port } = service;
    const victim = await open(port, 'victim');
    victim.socket.pause();
    const flooders = await Promise.all(Array.from({ length: 30 }, (_, i) => open(port, `flooder${i}`)));
    for (let i = 0; i < 20; i++) for (const one of flooders) one.send(offer('victim', 'x'.repeat(65_000)));
    await Promise.all(flooders.map((one) => one.settled()));
    expect(service.counters.refusedFrames.counts['receiver_slow']).toBeGreaterThan(0);
    victim.socket.resume();
    await victim.settled();
    expect(service.counters.closed.counts).toEqual({});
  });

  it('a queue for somebody else is not a fault of those who come after', async () => {
    const { port } = await start({ ...UNLIMITED, PEERJS_QUEUED_PER_PEER_MAX: '1', PEERJS_FAULTS_MAX: '5' });
    const [mallory, friend] = [await open(port, 'mallory'), await open(port, 'friend')];
    mallory.send(offer('late', 'mine'));
    await mallory.settled();
    for (let i = 0; i < 20; i++) friend.send(offer('late', i));
    await until('all to be refused', () => friend.of('EXPIRE').length === 20);
    await friend.settled();
    expect(friend.closeCode).toBeUndefined();
  });

  it('queues with empty objects fills no memory that was not counted', async () => {
    const service = await start({ ...UNLIMITED, PEERJS_QUEUED_BYTES_MAX: '1048576' });
    const mallory = await open(service.port, 'mallory');
    const empties = Array(5_000).fill({});
    for (let i = 0; i < 10; i++) mallory.send(offer(`absent${i}`, empties));
    // Two are counted as half a million bytes each.
    await until('the others to be refused', () => mallory.of('EXPIRE').length >= 8);
    expect(mallory.of('EXPIRE')).toHaveLength(8);
  });
});

describe('a frame in many pieces', () => {
  const text = JSON.stringify({ type: 'OFFER', dst: 'bob', payload: 'x'.repeat(60_000) });

  /** The socket below, to write what `ws` would not. */
  const raw = ({ socket }: TestClient) =>
    (socket as unknown as { _socket: { write(data: Buffer): void; setNoDelay(): void } })._socket;

  /** One masked text frame; the mask is zeros. */
  function maskedFrame(body: string): Buffer {
    const head = Buffer.from([0x81, 0xfe, 0, 0, 0, 0, 0, 0]);
    head.writeUInt16BE(body.length, 2);
    return Buffer.concat([head, Buffer.from(body)]);
  }

  async function writeInPieces(client: TestClient, frame: Buffer, bytes: number): Promise<void> {
    raw(client).setNoDelay();
    for (let at = 0; at < frame.length && client.closeCode === undefined; at += bytes) {
      raw(client).write(frame.subarray(at, at + bytes));
      await turn(); // so that the server reads this piece before the next
      await turn();
    }
  }

  it('arrives where the network made them', async () => {
    const { port } = await start();
    const [alice, bob] = [await open(port, 'alice'), await open(port, 'bob')];
    await writeInPieces(alice, maskedFrame(text), 500);
    expect(await bob.receive('OFFER')).toMatchObject({ src: 'alice' });
  });

  it('takes little memory, however small they are', async () => {
    const { port } = await start();
    const [alice, bob] = [await open(port, 'alice'), await open(port, 'bob')];
    const frame = maskedFrame(JSON.stringify({ type: 'OFFER', dst: 'bob', payload: 'x'.repeat(2_000) }));
    await writeInPieces(alice, frame.subarray(0, -1), 1);
    const { budget, intake } = running[0]!.memory;
    await until('the pieces', () => intake.unfinished === 1 && budget.bytes > frame.length);
    expect(budget.bytes).toBeLessThan(2_200 + 257 * 400); // at most 256 pieces that are not joined yet
    await writeInPieces(alice, frame.subarray(-1), 1);
    expect(await bob.receive('OFFER')).toMatchObject({ src: 'alice' });
    expect(budget.bytes).toBe(0);
  });

  const sendInFragments = ({ socket }: TestClient, count: number): void => {
    const bytes = Math.ceil(text.length / count);
    for (let i = 0; i < count; i++)
      socket.send(text.slice(i * bytes, (i + 1) * bytes), { fin: i === count - 1 });
  };

  it('arrives where the client made a few', async () => {
    const { port } = await start();
    const [alice, bob] = [await open(port, 'alice'), await open(port, 'bob')];
    sendInFragments(alice, 64);
    expect(await bob.receive('OFFER')).toMatchObject({ src: 'alice' });
  });

  it('ends its socket where the client made many', async () => {
    const { port } = await start();
    const alice = await open(port, 'alice');
    sendInFragments(alice, 65);
    expect(await alice.closed()).toBe(1008);
  });
});
