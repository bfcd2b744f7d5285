// The small parts of the engine, each on its own.
import type { PacketHeader } from '@relay-swarm/protocol/mesh-packet';
import fc from 'fast-check';
import { Budget } from '../src/engine/budget.ts';
import { Link } from '../src/engine/link.ts';
import { Ordering, Reassembly, type Message } from '../src/engine/messages.ts';
import { KeptPackets, type Held } from '../src/engine/repair.ts';
import { SeenPackets } from '../src/engine/seen.ts';
import { Timers } from '../src/engine/timers.ts';
import { Latest } from '../src/latest.ts';
import { createDice, shuffle } from '../src/simulator/dice.ts';

const header = (more: Partial<PacketHeader> = {}): PacketHeader => ({
  kind: 'tree',
  source: 'ab'.repeat(32),
  epoch: 1,
  seq: 1,
  chunk: 0,
  chunks: 1,
  order: 0,
  ...more,
});

describe('timers', () => {
  it('run in the order of their times, however they were set', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 1_000 })), (times) => {
        const timers = new Timers();
        const ran: number[] = [];
        for (const time of times) timers.at(time, () => ran.push(time));
        timers.runDue(1_000);
        expect(ran).toEqual([...times].sort((a, b) => a - b));
      }),
    );
  });
});

describe('a message in parts', () => {
  it('is whole with its last part, whatever their order', () => {
    const reassembly = new Reassembly(1_000_000);
    const parts = shuffle([...Array(20).keys()], createDice(4));
    const wholes = parts.map((chunk) =>
      reassembly.add(header({ chunk, chunks: 20 }), new Uint8Array(300).fill(chunk), 0),
    );
    expect(wholes.slice(0, -1).every((whole) => whole === undefined)).toBe(true);
    const whole = wholes.at(-1)!;
    expect(whole).toHaveLength(6_000);
    expect([whole[0], whole[5_999]]).toEqual([0, 19]);
    expect(reassembly.size).toBe(0);
  });

  it('may not be longer than messages are', () => {
    const reassembly = new Reassembly(1_000);
    for (let chunk = 0; chunk < 3; chunk++) {
      expect(reassembly.add(header({ chunk, chunks: 3 }), new Uint8Array(600), 0)).toBeUndefined();
    }
    expect(reassembly.size).toBeLessThanOrEqual(1);
  });

  it('is given up after a minute of nothing', () => {
    const reassembly = new Reassembly(1_000_000);
    reassembly.add(header({ chunks: 2 }), new Uint8Array(10), 0);
    reassembly.add(header({ chunks: 2, seq: 2 }), new Uint8Array(10), 61_000);
    expect(reassembly.size).toBe(1);
  });
});

describe('ordered messages', () => {
  function setUp() {
    const timers = new Timers();
    const got: number[] = [];
    const late: boolean[] = [];
    const ordering = new Ordering({
      timers,
      waitMs: 5_000,
      deliver: (message) => got.push(message.header.order),
      late: () => late.push(true),
    });
    const add = (order: number, nowMs = 0): void => {
      const message: Message = { header: header({ order, seq: order }), payload: new Uint8Array(), hops: 1 };
      ordering.add(message, nowMs);
    };
    return { timers, got, late, add };
  }

  it('come in their order from the first on', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const { got, add } = setUp();
        for (const order of shuffle([1, 2, 3, 4, 5, 6, 7], createDice(seed))) add(order);
        expect(got).toEqual([1, 2, 3, 4, 5, 6, 7]);
      }),
    );
  });

  it('do not wait for ever for one that is lost, and drop it if it comes then', () => {
    const { got, add, timers, late } = setUp();
    add(1);
    add(3);
    expect(got).toEqual([1]);
    timers.runDue(5_000);
    expect(got).toEqual([1, 3]);
    add(2);
    expect(got).toEqual([1, 3]);
    expect(late).toHaveLength(1);
  });

  it('reach a newcomer from wherever the source is, after a short wait', () => {
    const { got, add, timers } = setUp();
    add(51);
    add(50);
    timers.runDue(500);
    add(52);
    expect(got).toEqual([50, 51, 52]);
  });
});

describe('packets seen', () => {
  it('are known again, and so is whatever is much older', () => {
    const seen = new SeenPackets();
    const id = (seq: number, epoch = 1) => ({ source: 'a', epoch, seq, chunk: 0 });
    seen.add(id(5_000));
    seen.add(id(4_990));
    expect([5_000, 4_990, 2_900].map((seq) => seen.has(id(seq)))).toEqual([true, true, true]);
    expect([5_001, 4_991].map((seq) => seen.has(id(seq)))).toEqual([false, false]);
    seen.add(id(1, 2));
    expect(seen.has(id(6_000, 1))).toBe(true); // from before its source started again
    seen.add(id(Number.MAX_SAFE_INTEGER, 2)); // takes no time
    expect(seen.has(id(2, 2))).toBe(true);
  });
});

describe('a link', () => {
  const open = (): Link => new Link('p', 0, { windowBytes: 100, queueBytesMax: 1_000 });
  const names = (link: Link): number[] => [...link.take()].map((bytes) => bytes[0]!);

  it('sends the important first, and no more than its window of the rest', () => {
    const link = open();
    link.enqueue(new Uint8Array(80).fill(2), 2);
    link.enqueue(new Uint8Array(80).fill(3), 2);
    link.enqueue(new Uint8Array(80).fill(4), 2);
    link.enqueue(new Uint8Array(10).fill(1), 1);
    link.enqueue(new Uint8Array(10).fill(0), 0);
    expect(names(link)).toEqual([0, 1, 2]);
    expect(names(link)).toEqual([]);
    link.drained();
    expect(names(link)).toEqual([3, 4]);
  });

  it('takes no more payload than its queue holds, but control', () => {
    const link = open();
    expect(link.enqueue(new Uint8Array(990), 2)).toBe(true);
    expect(link.enqueue(new Uint8Array(20), 2)).toBe(false);
    expect(link.enqueue(new Uint8Array(20), 0)).toBe(true);
  });
});

describe('packets kept', () => {
  it('are let go, the oldest first, past a number of bytes or a time', () => {
    const kept = new KeptPackets({ bytesMax: 100, keptMs: 1_000 });
    const held = (keptAtMs: number): Held => ({
      id: { source: 'a', epoch: 1, seq: 1, chunk: 0 },
      packet: new Uint8Array(40),
      signature: new Uint8Array(),
      kind: 'tree',
      hops: 1,
      known: new Set(),
      keptAtMs,
      asked: new Map(),
    });
    kept.add('a', held(0));
    kept.add('b', held(0));
    kept.add('c', held(0));
    expect(['a', 'b', 'c'].map((key) => kept.get(key) !== undefined)).toEqual([false, true, true]);
    kept.add('d', held(2_000));
    expect(kept.get('c')).toBeUndefined();
    expect(kept.bytes).toBe(40);
  });
});

describe('a budget', () => {
  it('holds for packets and for bytes, for each holder', () => {
    const budget = new Budget({ bytesPerSecond: 100, packetsPerSecond: 1 });
    expect([1, 2, 3, 4, 5].map(() => budget.pay('a', 10, 0))).toEqual([true, true, true, true, false]);
    expect(budget.pay('b', 401, 0)).toBe(false);
    expect(budget.pay('b', 400, 0)).toBe(true);
    expect(budget.pay('a', 10, 1_000)).toBe(true);
  });
});

describe('of messages of which only the latest counts', () => {
  it('an older one is not taken after a newer one, of the same source and channel', () => {
    const [sender, receiver] = [new Latest(), new Latest()];
    const [first, second] = [sender.next('cursor'), sender.next('cursor')];
    const other = sender.next('colour');
    expect(receiver.isNewest('a', 'cursor', second)).toBe(true);
    expect(receiver.isNewest('a', 'cursor', first)).toBe(false);
    expect(receiver.isNewest('a', 'cursor', second)).toBe(false);
    expect(receiver.isNewest('b', 'cursor', first)).toBe(true);
    expect(receiver.isNewest('a', 'colour', other)).toBe(true);
    expect([sender.isOvertaken('cursor', first), sender.isOvertaken('cursor', second)]).toEqual([
      true,
      false,
    ]);
  });
});
