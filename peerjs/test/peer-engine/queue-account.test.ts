import { QueueAccount } from '../../src/peer-engine/queue-account.ts';

const limits = { queuedPerPeerMax: 2, queuedBytesPerPeerMax: 4_000, queuedBytesMax: 4_000, keptMs: 7_000 };

describe('QueueAccount', () => {
  it('lets so many messages wait for each absent peer', () => {
    const absent = new QueueAccount(limits);
    expect(['a', 'a', 'a', 'b'].map((id) => absent.admit(id, 10, 0))).toEqual([true, true, false, true]);
  });

  it('lets so many bytes wait in all', () => {
    const absent = new QueueAccount(limits);
    expect(absent.admit('a', 3_000, 0)).toBe(true);
    expect(absent.admit('b', 1_000, 0)).toBe(false);
  });

  it('lets so many bytes wait for each absent peer, and others have their own', () => {
    const absent = new QueueAccount({ ...limits, queuedBytesMax: 1e6 });
    expect(absent.admit('a', 3_000, 0)).toBe(true);
    expect(absent.admit('a', 1_000, 0)).toBe(false);
    expect(absent.admit('b', 3_000, 0)).toBe(true);
    absent.arrived('a');
    expect(absent.admit('a', 3_000, 0)).toBe(true);
  });

  it('counts more than the text, so that tiny messages are bounded too', () => {
    const absent = new QueueAccount(limits);
    const admitted = Array.from({ length: 100 }, (_, i) => absent.admit(`id${i}`, 1, 0)).filter(Boolean);
    expect(admitted).toHaveLength(7);
  });

  it('starts anew for a peer that has come', () => {
    const absent = new QueueAccount(limits);
    absent.admit('a', 3_000, 0);
    absent.arrived('a');
    expect([absent.peers, absent.bytes]).toEqual([0, 0]);
    expect(absent.admit('a', 3_000, 0)).toBe(true);
  });

  it('starts anew when the queue has certainly expired', () => {
    const absent = new QueueAccount(limits);
    absent.admit('a', 10, 0);
    absent.admit('a', 10, 6_000);
    expect(absent.admit('a', 10, 6_999)).toBe(false);
    expect(absent.admit('a', 10, 7_000)).toBe(true);
    expect(absent.peers).toBe(1);
  });

  it('forgets each message by itself: `peer` may have begun another queue for the last ones', () => {
    const absent = new QueueAccount(limits);
    absent.admit('a', 100, 0);
    absent.admit('a', 10, 6_500);
    expect([absent.admit('a', 10, 7_000), absent.admit('a', 10, 7_000)]).toEqual([true, false]);
    expect(absent.bytes).toBe(2 * (10 + 512));
    absent.admit('b', 10, 14_000);
    expect([absent.peers, absent.bytes]).toEqual([1, 10 + 512]);
  });

  it('does not count twice who came, left and is waited for again', () => {
    const absent = new QueueAccount(limits);
    absent.admit('a', 10, 0);
    absent.arrived('a');
    absent.admit('a', 10, 1_000);
    absent.admit('b', 10, 7_000); // the first would be forgotten now
    expect([absent.peers, absent.bytes]).toEqual([2, 2 * (10 + 512)]);
  });

  it('takes the arrival of somebody nobody waited for', () => {
    const absent = new QueueAccount(limits);
    absent.arrived('nobody');
    expect(absent.bytes).toBe(0);
  });
});
