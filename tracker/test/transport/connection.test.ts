import { Connection, type Shared } from '../../src/transport/connection.ts';
import { AddressBuckets, ByteBudget, Flusher, Payments } from '@relay-swarm/net';
import { FrameMemory } from '../../src/frames/frame-memory.ts';
import { textFrame } from '@relay-swarm/net/ws-frame';
import { Priority } from '../../src/swarm/peer.ts';
import { payloadOf } from '../support/links.ts';

const LIMIT = 1_000;

function open() {
  const counts = { framesOut: 0, offersDropped: 0, answersDropped: 0, stalled: 0, tooManyControlFrames: 0 };
  const failures: unknown[] = [];
  const socket = {
    writableLength: 0,
    readableLength: 0,
    written: [] as Buffer[],
    whenLeft: [] as (() => void)[],
    write: (bytes: Buffer, done?: () => void) => {
      if (done !== undefined) socket.whenLeft.push(done);
      return socket.written.push(bytes) > 0;
    },
  };
  const webSocket = {
    readyState: 1,
    partial: undefined,
    isUnfinished: false,
    events: [] as string[],
    close: (code: number) => void webSocket.events.push(`close ${code}`),
    terminate: () => void webSocket.events.push('terminate'),
    isResting: false,
    rest: (ms: number) => {
      webSocket.isResting = true;
      webSocket.events.push(`rest ${ms}`);
    },
  };
  const memory = new FrameMemory();
  const waiting: Connection[] = [];
  const addressRate = { perSecond: 100, burst: 200 };
  const addresses = new AddressBuckets(addressRate);
  const account = addresses.enter('a', 0);
  const shared: Shared = {
    memory,
    flusher: new Flusher((hasMore) => {
      if (hasMore) memory.keepThisTurn();
      memory.endTurn();
    }),
    payments: new Payments<Connection>({
      own: { perSecond: 10, burst: 100 },
      addresses,
      bytesPerMessage: 1_024,
      ownBytesPerMessage: Infinity,
      pieceCost: 0.5,
      monotonicMs: () => 0,
    }),
    limits: { sendBufferBytesMax: LIMIT },
    counts,
    probe: () => undefined,
    openHolder: (one) => new ByteBudget({ bytesMax: 1e6 }).open(one.addressKey, () => one.cut()),
    waits: (one) => void waiting.push(one),
    failed: (error) => failures.push(error),
  };
  const from = { addressKey: 'a', account, nowMs: 0 };
  const connection = new Connection(webSocket, socket, from, shared);
  return {
    addresses,
    account,
    connection,
    counts,
    failures,
    memory,
    socket,
    waiting,
    webSocket,
  };
}

/** Splits what was written into the texts of its frames. */
function texts(written: readonly Buffer[]): string[] {
  const bytes = Buffer.concat(written);
  const found: string[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = bytes[at + 1]!;
    found.push(payloadOf(bytes.subarray(at, at + 2 + length)));
    at += 2 + length;
  }
  return found;
}

const turnOfTheLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('Connection', () => {
  it('writes all that one turn of the event loop brings at once, in order', async () => {
    const { connection, socket } = open();
    for (const text of ['one', 'two', 'three']) connection.send(textFrame(text), Priority.offer);
    connection.send('four');
    expect(socket.written).toHaveLength(0);
    await turnOfTheLoop();
    expect(socket.written).toHaveLength(1);
    expect(texts(socket.written)).toEqual(['one', 'two', 'three', 'four']);
    connection.send('five');
    await turnOfTheLoop();
    expect(texts(socket.written)).toEqual(['one', 'two', 'three', 'four', 'five']);
  });

  it.each([
    ['reads', 0, [true, true, true], false],
    ['lags a little', LIMIT / 2, [true, true, true], false],
    ['lags: offers are dropped', LIMIT / 2 + 1, [false, true, true], true],
    ['lags more: answers are dropped too', LIMIT + 1, [false, false, true], true],
    ['lags much: replies are sent still', 4 * LIMIT, [false, false, true], true],
  ])('whose other end %s', (_case, writableLength, expected, isCongested) => {
    const { connection, socket, counts } = open();
    socket.writableLength = writableLength;
    expect(connection.isCongested).toBe(isCongested);
    const sent = [Priority.offer, Priority.answer, Priority.reply].map((priority) =>
      connection.send(Buffer.alloc(0), priority),
    );
    expect(sent).toEqual(expected);
    expect(counts.offersDropped + counts.answersDropped).toBe(expected.filter((was) => !was).length);
  });

  it('counts what waits for the end of the turn as not yet read', () => {
    const { connection } = open();
    expect(connection.send(Buffer.alloc(LIMIT / 2 + 1), Priority.offer)).toBe(true);
    expect(connection.send(Buffer.alloc(1), Priority.offer)).toBe(false);
  });

  it('ends where even replies have piled up', () => {
    const { connection, socket, webSocket, counts } = open();
    socket.writableLength = 4 * LIMIT + 1;
    expect(connection.send(Buffer.alloc(0), Priority.reply)).toBe(false);
    expect([webSocket.events, counts.stalled]).toEqual([['terminate'], 1]);
  });

  it('sends what is queued before it closes, and nothing after', async () => {
    const { connection, socket, webSocket } = open();
    connection.send('last words');
    connection.close(1008, 'go');
    expect(texts(socket.written)).toEqual(['last words']);
    expect(webSocket.events).toEqual(['close 1008']);
    webSocket.readyState = 2;
    expect(connection.send('more')).toBe(false);
    await turnOfTheLoop();
    expect(socket.written).toHaveLength(1);
  });

  it('ends alone where it cannot be written to, and is told of', async () => {
    const [broken, other] = [open(), open()];
    const fault = new Error('a bug');
    broken.socket.write = () => {
      throw fault;
    };
    for (const { connection } of [broken, other]) connection.send('text');
    await turnOfTheLoop();
    expect([broken.webSocket.events, broken.failures]).toEqual([['terminate'], [fault]]);
    expect(texts(other.socket.written)).toEqual(['text']);
    expect(other.webSocket.events).toEqual([]);
  });

  it.each([
    ['is open still', 1, 1],
    ['has ended, and forgets what waited', 2, 0],
  ])('calls back when all has left, where it %s', (_case, readyState, times) => {
    const { connection, socket, webSocket } = open();
    let calls = 0;
    connection.whenDrained(() => calls++);
    webSocket.readyState = readyState;
    for (const done of socket.whenLeft) done();
    expect([socket.whenLeft.length, calls]).toEqual([1, times]);
  });

  it('reads no more while it owes for work', () => {
    const { connection, webSocket, waiting } = open();
    connection.pay(100, 0);
    expect(webSocket.events).toEqual([]);
    connection.pay(50, 0);
    connection.pay(20, 0);
    expect([webSocket.events, connection.isResting, waiting]).toEqual([['rest 5000'], true, [connection]]);
  });

  it('pays for its address too, also when it has ended, and waits for what others of its address owe', () => {
    const { addresses, account, connection, webSocket } = open();
    addresses.spend(account, 300, 0);
    connection.pay(50, 0);
    expect(webSocket.events).toEqual(['rest 1500']);
    webSocket.readyState = 3;
    connection.pay(50, 0);
    expect([addresses.debtMs(account, 0), webSocket.events]).toEqual([2_000, ['rest 1500']]);
  });

  it('has its address pay for what has come before it is looked at, and waits where that owes', () => {
    const { addresses, account, connection } = open();
    expect(connection.restMs(64 * 1_024, 0)).toBe(0);
    expect(addresses.spend(account, 135.5, 0)).toBe(0);
    addresses.spend(account, 50, 0);
    expect(connection.restMs(1, 0)).toBe(500);
    expect(connection.restMs(1, 500)).toBe(0);
  });

  it('closes where pings, pongs and fragments are too many, before they are looked at', () => {
    const { connection, counts, webSocket } = open();
    for (let frame = 0; frame < 450; frame++) expect(connection.mayRead()).toBe(true);
    while (connection.mayRead());
    expect([webSocket.events, counts.tooManyControlFrames]).toEqual([['close 1008'], 1]);
  });

  it('keeps the memory of what could not be written at once', async () => {
    const { connection, memory, socket, waiting } = open();
    const { write } = socket;
    socket.write = (bytes) => {
      socket.writableLength += bytes.length;
      return write(bytes);
    };
    connection.send(memory.allocate(100).fill(7));
    await turnOfTheLoop();
    for (let used = 0; used < 1_048_576; used += 1_000) memory.allocate(1_000).fill(9);
    expect(socket.written[0]).toEqual(Buffer.alloc(100, 7));
    expect([waiting, connection.unreadBytes]).toEqual([[connection], 100]);
  });

  it('copies what a slow reader leaves waiting, so that it keeps no shared memory', async () => {
    const { connection, socket } = open();
    socket.writableLength = 1;
    const frame = textFrame('kept');
    connection.send(frame);
    await turnOfTheLoop();
    expect(socket.written[0]).toEqual(frame);
    expect(socket.written[0]!.buffer).not.toBe(frame.buffer);
    expect(socket.written[0]!.buffer.byteLength).toBe(frame.length);
  });
});
