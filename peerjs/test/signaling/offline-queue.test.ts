import { OfflineQueue } from '../../src/signaling/offline-queue.ts';

const limits = { queuedPerPeerMax: 2, queuedBytesPerPeerMax: 4_000, queuedBytesMax: 4_000, expireMs: 5_000 };

const setUp = (changes: Partial<typeof limits> = {}) => {
  const queue = new OfflineQueue<string>({ ...limits, ...changes });
  return {
    queue,
    add: (peer: string, bytes = 10, nowMs = 0, sender = 'alice', message = 'm') =>
      queue.add(peer, { message, sender }, bytes, nowMs),
    expire: (nowMs: number): string[] => {
      const told: string[] = [];
      queue.expire(nowMs, (peer, sender) => told.push(`${sender}: no ${peer}`));
      return told;
    },
  };
};

describe('OfflineQueue', () => {
  it('lets so many messages wait for each peer', () => {
    const { add } = setUp();
    expect(['a', 'a', 'a', 'b'].map((peer) => add(peer))).toEqual([true, true, false, true]);
  });

  it('lets so many bytes wait in all', () => {
    const { add } = setUp();
    expect([add('a', 3_000), add('b', 1_000), add('b', 10)]).toEqual([true, false, false]);
  });

  it('lets so many bytes wait for each peer, and others have their own', () => {
    const { add, queue } = setUp({ queuedBytesMax: 1e6 });
    expect([add('a', 3_000), add('a', 1_000), add('b', 3_000)]).toEqual([true, false, true]);
    queue.take('a');
    expect(add('a', 3_000)).toBe(true);
  });

  it('counts more than the text, so that tiny messages are bounded too', () => {
    const { add } = setUp();
    expect(Array.from({ length: 100 }, (_, i) => add(`id${i}`, 1)).filter(Boolean)).toHaveLength(7);
  });

  it('gives everything in order to who comes, once', () => {
    const { add, queue } = setUp();
    add('a', 10, 0, 'alice', 'first');
    add('a', 10, 1, 'bob', 'second');
    expect(queue.take('a').map(({ message, sender }) => [message, sender])).toEqual([
      ['first', 'alice'],
      ['second', 'bob'],
    ]);
    expect([queue.take('a'), queue.bytes, queue.peers]).toEqual([[], 0, 0]);
  });

  it('tells each sender once when the first message has waited for long enough', () => {
    const { add, queue, expire } = setUp({ queuedPerPeerMax: 10 });
    for (const nowMs of [0, 1, 4_999]) add('a', 10, nowMs);
    add('a', 10, 2, 'bob');
    add('b', 10, 3_000);
    expect(expire(4_999)).toEqual([]);
    expect(expire(5_000)).toEqual(['alice: no a', 'bob: no a']);
    expect([queue.peers, queue.bytes]).toEqual([1, 522]);
    expect(expire(8_000)).toEqual(['alice: no b']);
    expect([queue.peers, queue.bytes]).toEqual([0, 0]);
  });

  it('begins a new time for who was waited for before', () => {
    const { add, queue, expire } = setUp();
    add('a', 10, 0);
    queue.take('a');
    add('a', 10, 4_000);
    expect([expire(8_999), expire(9_000)]).toEqual([[], ['alice: no a']]);
  });

  it('keeps nothing for a message that it has refused', () => {
    const { add, queue } = setUp();
    add('a', 5_000);
    expect([queue.peers, queue.bytes]).toEqual([0, 0]);
  });
});
