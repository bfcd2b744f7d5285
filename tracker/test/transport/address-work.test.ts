import { spendTokens } from '@relay-swarm/net';
import { AddressWork } from '../../src/transport/address-work.ts';

describe('AddressWork', () => {
  it('is one account for all connections of an address, and not forgotten while it owes', () => {
    const work = new AddressWork({ perSecond: 10, burst: 20 });
    const bucket = work.enter('a', 0);
    expect(work.enter('a', 0)).toBe(bucket);
    expect(work.enter('b', 0)).not.toBe(bucket);
    spendTokens(bucket, work.rate, 40, 0);
    for (const address of ['a', 'a', 'b']) work.leave(address);
    work.tick(1_000);
    expect(work.size).toBe(1); // b owed nothing
    expect(work.enter('a', 1_000)).toBe(bucket);
    work.leave('a');
    work.tick(4_000);
    expect(work.size).toBe(0);
  });
});
