import { Admission, KeyCounts } from '../src/admission.ts';

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
