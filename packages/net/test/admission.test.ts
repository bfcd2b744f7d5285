import { Admission, KeyCounts, ShareCounts, SITE_SHARES } from '../src/admission.ts';

describe('Admission', () => {
  it('counts connections in all and per address, and forgets those that leave', () => {
    const admission = new Admission({ connectionsMax: 3, connectionsPerAddressMax: 2 });
    expect(['a', 'a', 'a', 'b', 'c'].map((address) => admission.enter(address))).toEqual([
      undefined,
      undefined,
      'address_full',
      undefined,
      'connections_full',
    ]);
    expect([admission.open, admission.addresses]).toEqual([3, 2]);
    for (const address of ['a', 'a', 'b']) admission.leave(address);
    expect([admission.open, admission.addresses]).toEqual([0, 0]);
  });
});

describe('KeyCounts', () => {
  it('counts each key for itself, and forgets it at nothing', () => {
    const counts = new KeyCounts();
    for (const key of ['a', 'a', 'b']) counts.add(key);
    counts.remove('b');
    expect([counts.of('a'), counts.of('b'), counts.keys]).toEqual([2, 0, 1]);
  });

  it('never counts below nothing', () => {
    const counts = new KeyCounts();
    counts.remove('a');
    counts.add('a');
    expect([counts.of('a'), counts.keys]).toEqual([1, 1]);
  });
});

describe('ShareCounts', () => {
  it('counts a /56 as some addresses, not as 256', () => {
    const shares = new ShareCounts();
    let entered = 0;
    for (let subnet = 0; subnet < 256; subnet++) {
      const key = `2001:db8:7:${subnet.toString(16)}::/64`;
      while (!shares.isFull(key, 3)) {
        shares.add(key);
        entered++;
      }
    }
    expect(entered).toBe(3 * SITE_SHARES);
    expect(shares.isFull('2001:db8:8:0::/64', 3)).toBe(false);
  });

  it('gives back what leaves', () => {
    const shares = new ShareCounts();
    const keys = Array.from({ length: SITE_SHARES }, (_, subnet) => `2001:db8:7:${subnet}::/64`);
    for (const key of keys) shares.add(key);
    expect(shares.isFull('2001:db8:7:99::/64', 1)).toBe(true);
    for (const key of keys) shares.remove(key);
    expect(shares.isFull('2001:db8:7:99::/64', 1)).toBe(false);
    expect(shares.addresses).toBe(0);
  });

  it('counts IPv4 addresses one by one', () => {
    const shares = new ShareCounts();
    for (let host = 0; host < 100; host++) shares.add(`192.0.2.${host}`);
    expect(shares.isFull('192.0.2.200', 1)).toBe(false);
    expect(shares.isFull('192.0.2.7', 1)).toBe(true);
  });
});
