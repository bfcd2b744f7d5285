// What a client on a stream may keep of this server, its memory above all, by not reading and by staying.
import { jest } from '@jest/globals';
import { EventEmitter } from 'node:events';
import { ByteBudget } from '@relay-swarm/net/budget';
import type { Socket } from 'node:net';
import { createCounters } from '../../src/turn/counters.ts';
import { StreamClient } from '../../src/listeners/stream-client.ts';
import { lifetime, UDP_TRANSPORT } from '../contracts/stun-message.ts';
import { FakeTransport, type FakeClient } from '../turn/fake-transport.ts';

const LIMIT = 65_536;
const SLAB = Buffer.alloc(262_144);

/** A socket whose other end takes nothing until it is told to. */
class StuckSocket extends EventEmitter {
  destroyed = false;
  readonly destroy = (): void => void (this.destroyed = true);
  writableLength = 0;
  readonly written: Buffer[] = [];
  isHeld = false;
  readonly pause = (): void => void (this.isHeld = true);
  readonly resume = (): void => void (this.isHeld = false);
  readonly cork = (): void => undefined;
  readonly uncork = (): void => undefined;
  readonly #taken: (() => void)[] = [];

  write(chunk: Buffer, taken: () => void = () => undefined): void {
    this.written.push(chunk);
    this.#taken.push(taken);
    this.writableLength += chunk.length;
  }

  takeAll(): void {
    for (const taken of this.#taken.splice(0)) taken();
    this.written.length = 0;
    this.writableLength = 0;
  }
}

/** Where the client connects from. */
const FROM = { address: '203.0.113.7', port: 4000 };

function connected(
  fake: FakeTransport,
  budget = new ByteBudget({ bytesMax: 2 ** 30 }),
): {
  socket: StuckSocket;
  client: StreamClient;
  sent: (bytes: number) => Promise<boolean>;
} {
  const socket = new StuckSocket();
  const client = new StreamClient({
    socket: socket as unknown as Socket,
    transport: 'tcp',
    ...FROM,
    turnServer: fake.turnServer,
    counters: createCounters(),
    sendBufferBytesMax: LIMIT,
    monotonicMs: () => fake.nowMs,
    budget,
    enter: () => true,
    isProxied: false,
  });
  /** In a turn of its own. */
  const sent = async (bytes: number): Promise<boolean> => {
    const isSent = client.send(SLAB, 0, bytes);
    await new Promise(setImmediate);
    return isSent;
  };
  return { socket, client, sent };
}

/** Allocates on the connection. */
function allocated(fake: FakeTransport, socket: StuckSocket): FakeClient {
  const user = fake.client('alice', FROM).greet();
  socket.emit('data', user.encode('allocate', [UDP_TRANSPORT], user.nextId()));
  return user;
}

/** What stays in memory because of these packets. */
const kept = (packets: readonly Buffer[]): number =>
  [...new Set(packets.map(({ buffer }) => buffer))].reduce((sum, { byteLength }) => sum + byteLength, 0);

describe('a client that does not read', () => {
  it('keeps the packets that wait for it, and not the slabs that they were written in', async () => {
    const { socket, sent } = connected(new FakeTransport());
    await sent(5);
    expect(kept(socket.written)).toBe(SLAB.length); // on its way already
    for (let i = 0; i < 20; i++) await sent(5);
    expect(kept(socket.written.slice(1))).toBe(20 * 5);
  });

  it('is sent no more than the limit, to which small packets count with what it costs to keep them', async () => {
    const { socket, sent } = connected(new FakeTransport());
    let count = 0;
    while (count < LIMIT && (await sent(5))) count++;
    expect(count).toBeLessThan(LIMIT / 512 + 2);
    socket.takeAll();
    expect(await sent(5)).toBe(true);
    expect(kept(socket.written)).toBe(SLAB.length); // it has caught up: nothing is copied
  });

  it('loses its allocation when it says goodbye, and not only when it has taken all that waits', () => {
    const fake = new FakeTransport();
    const { socket, client } = connected(fake);
    allocated(fake, socket);
    expect(client.allocation).toBeDefined();
    socket.emit('end');
    expect(client.allocation).toBeUndefined();
    expect(fake.openSockets).toBe(0);
  });
});

describe('an idle connection', () => {
  it('is closed a while after its allocation has ended, however old it is', () => {
    const fake = new FakeTransport();
    const { socket, client } = connected(fake);
    const user = allocated(fake, socket);
    fake.nowMs += 60_000;
    client.closeIfIdle(fake.nowMs, 30_000);
    socket.emit('data', user.encode('refresh', [lifetime(0)], user.nextId()));
    fake.nowMs += 29_999;
    client.closeIfIdle(fake.nowMs, 30_000);
    expect(socket.destroyed).toBe(false);
    fake.nowMs += 1;
    client.closeIfIdle(fake.nowMs, 30_000);
    expect(socket.destroyed).toBe(true);
  });
});

describe('a client that asks for more than its share', () => {
  const requests = (user: FakeClient, count: number): Buffer =>
    Buffer.concat(
      Array.from({ length: count }, () => user.encode('refresh', [lifetime(600)], user.nextId())),
    );

  function held(): { socket: StuckSocket; fake: FakeTransport; user: FakeClient } {
    jest.useFakeTimers();
    const fake = new FakeTransport({ limits: { controlPerSecondPerAllocationMax: 10 } });
    const { socket } = connected(fake);
    const user = allocated(fake, socket);
    socket.emit('data', requests(user, 200));
    return { socket, fake, user };
  }
  afterEach(() => jest.useRealTimers());

  it('is not read, and what of it was read already waits unparsed', () => {
    const { socket, fake } = held();
    expect(socket.isHeld).toBe(true);
    expect(fake.drops.rateLimit).toBe(1);
    jest.advanceTimersByTime(200);
    expect(fake.drops.rateLimit).toBe(2);
    // Once there is a share again, it goes on where it was.
    fake.nowMs += 1_000;
    const before = socket.written.length;
    jest.advanceTimersByTime(200);
    expect(socket.written.length).toBeGreaterThan(before + 5);
  });

  it('is ended when it does so for five seconds', () => {
    const { socket } = held();
    jest.advanceTimersByTime(4_000);
    expect(socket.destroyed).toBe(false);
    jest.advanceTimersByTime(1_500);
    expect(socket.destroyed).toBe(true);
  });

  it('is read again once it asks for no more', () => {
    const { socket, fake, user } = held();
    for (let seconds = 0; seconds < 60 && socket.isHeld; seconds++) {
      fake.nowMs += 1_000;
      jest.advanceTimersByTime(200);
    }
    expect({ isHeld: socket.isHeld, isOver: socket.destroyed }).toEqual({ isHeld: false, isOver: false });
    fake.nowMs += 1_000;
    socket.emit('data', requests(user, 1));
    expect(socket.isHeld).toBe(false);
  });
});

describe('the byte budget', () => {
  it('counts a connection, what it began to say, and what it does not read; all is given back at its end', async () => {
    const budget = new ByteBudget({ bytesMax: 2 ** 30 });
    const { socket, sent } = connected(new FakeTransport(), budget);
    const idle = budget.bytes;
    expect(idle).toBeGreaterThan(0);
    const head = Buffer.from('000300c02112a442', 'hex');
    socket.emit('data', head);
    expect(budget.bytes).toBeGreaterThan(idle);
    for (let i = 0; i < 10; i++) await sent(1_000);
    expect(budget.bytes).toBeGreaterThan(idle + 10_000);
    socket.emit('close');
    expect(budget.bytes).toBe(0);
  });

  it('ends a connection that keeps more than it may', async () => {
    const { socket, sent } = connected(new FakeTransport(), new ByteBudget({ bytesMax: 200_000 }));
    for (let i = 0; i < 30; i++) await sent(1_000); // a tenth is for one connection
    expect(socket.destroyed).toBe(true);
  });
});
