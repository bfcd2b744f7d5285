import { AbsentPeers } from '../src/absent.ts';

const limits = { queuedPerPeerMax: 2, queuedBytesMax: 4_000, keptMs: 7_000 };

describe('AbsentPeers', () => {
  it('lets so many messages wait for each absent peer', () => {
    const absent = new AbsentPeers(limits);
    expect(['a', 'a', 'a', 'b'].map((id) => absent.admit(id, 10, 0))).toEqual([true, true, false, true]);
  });

  it('lets so many bytes wait in all', () => {
    const absent = new AbsentPeers(limits);
    expect(absent.admit('a', 3_000, 0)).toBe(true);
    expect(absent.admit('b', 1_000, 0)).toBe(false);
  });

  it('counts more than the text, so that tiny messages are bounded too', () => {
    const absent = new AbsentPeers(limits);
    const admitted = Array.from({ length: 100 }, (_, i) => absent.admit(`id${i}`, 1, 0)).filter(Boolean);
    expect(admitted).toHaveLength(7);
  });

  it('starts anew for a peer that has come', () => {
    const absent = new AbsentPeers(limits);
    absent.admit('a', 3_000, 0);
    absent.arrived('a');
    expect([absent.peers, absent.bytes]).toEqual([0, 0]);
    expect(absent.admit('a', 3_000, 0)).toBe(true);
  });

  it('starts anew when the queue has certainly expired', () => {
    const absent = new AbsentPeers(limits);
    absent.admit('a', 10, 0);
    absent.admit('a', 10, 6_000);
    expect(absent.admit('a', 10, 6_999)).toBe(false);
    expect(absent.admit('a', 10, 7_000)).toBe(true);
    expect(absent.peers).toBe(1);
  });

  it('takes the arrival of somebody nobody waited for', () => {
    const absent = new AbsentPeers(limits);
    absent.arrived('nobody');
    expect(absent.bytes).toBe(0);
  });
});
