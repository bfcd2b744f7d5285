// Clients with a valid id, and strangers, who use what they may to take memory from the server or the place from somebody else.
import { setImmediate as turn } from 'node:timers/promises';
import { disconnectAll, open, until, type TestClient } from '../support/client.ts';
import { startService, type RunningService } from '../support/service.ts';
import { untilWithin } from '../../../test/support/until.ts';

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
  it('and does not read the answers gets no more of them, and holds nothing', async () => {
    const service = await start({
      ...UNLIMITED,
      PEERJS_FRAME_BYTES_MAX: '2048',
      PEERJS_SEND_BUFFER_BYTES_MAX: '16384',
    });
    const { socket } = await open(service.port, 'pinging');
    socket.pause();
    const data = Buffer.alloc(125);
    // As much as the kernel holds for both ends, and some more.
    for (let i = 0; i < 100_000; i++) {
      socket.ping(data);
      if (i % 1_000 === 0) await turn();
    }
    expect(service.memory.budget.bytes).toBeLessThan(16_384);
    const bystander = await open(service.port, 'bystander');
    await bystander.settled();
    socket.resume();
    let pongs = 0;
    socket.on('pong', () => pongs++);
    await until('an answer', () => pongs > 0);
    expect(service.counters.closed.counts).toEqual({});
  });
});

it('whoever floods makes the frames of its address wait unparsed until its debt is paid', async () => {
  const { port, counters, memory } = await start({
    PEERJS_MESSAGES_PER_ADDRESS_PER_SECOND: '3',
    PEERJS_MESSAGES_PER_ADDRESS_BURST: '10',
  });
  const offer = (dst: string, payload: unknown): object => ({ type: 'OFFER', dst, payload });
  const [alice, bob] = [await open(port, 'alice'), await open(port, 'bob')];
  alice.send(
    offer(
      'alice',
      Array.from({ length: 2_000 }, () => []),
    ),
  );
  await alice.receive('OFFER');
  bob.send(offer('bob', 'x'.repeat(10_000)));
  await until('the frame to wait', () => memory.budget.bytes >= 10_000);
  expect([counters.framesIn, bob.of('OFFER').length]).toEqual([1, 0]);
  await untilWithin(10_000)('the frame', () => bob.of('OFFER').length === 1);
  expect(counters.framesIn).toBe(2);
  await until('the memory', () => memory.budget.bytes === 0);
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
    const { memory } = running[0]!;
    const { budget } = memory;
    await until('the pieces', () => memory.unfinished === 1 && budget.bytes > frame.length);
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
