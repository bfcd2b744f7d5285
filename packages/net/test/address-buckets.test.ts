import { AddressBuckets } from '../src/address-buckets.ts';

describe('AddressBuckets', () => {
  it('is one account for all connections of an address, and not forgotten while it owes', () => {
    const buckets = new AddressBuckets({ perSecond: 10, burst: 20 });
    const account = buckets.enter('a', 0);
    expect(buckets.enter('a', 0)).toBe(account);
    expect(buckets.enter('b', 0)).not.toBe(account);
    buckets.spend(account, 40, 0);
    for (const address of ['a', 'a', 'b']) buckets.leave(address);
    buckets.tick(1_000);
    expect(buckets.size).toBe(1); // b owed nothing
    expect(buckets.enter('a', 1_000)).toBe(account);
    buckets.leave('a');
    buckets.tick(4_000);
    expect(buckets.size).toBe(0);
  });

  it('charges an address for its connections together, no other, and at most a burst', () => {
    const buckets = new AddressBuckets({ perSecond: 100, burst: 100 });
    const [first, second, other] = ['a', 'a', 'b'].map((key) => buckets.enter(key, 0));
    expect(buckets.spend(first!, 131_001, 0)).toBe(1_000);
    expect(buckets.spend(second!, 0, 0)).toBe(1_000);
    expect(buckets.spend(other!, 100, 0)).toBe(0);
    expect(['a', 'b', 'unknown'].map((key) => buckets.owedMs(key, 500))).toEqual([500, 0, 0]);
  });

  it('calls an address busy that has used more than a tenth of its burst', () => {
    const buckets = new AddressBuckets({ perSecond: 10, burst: 20 });
    const account = buckets.enter('a', 0);
    const busy = [2, 1].map((tokens) => {
      buckets.spend(account, tokens, 0);
      return [buckets.isBusy(account), buckets.isBusyKey('a')];
    });
    expect([busy, buckets.isBusyKey('b')]).toEqual([
      [
        [false, false],
        [true, true],
      ],
      false,
    ]);
  });

  it('calls an address busy that has more than eight connections, and a /48 with eight times as many', () => {
    const buckets = new AddressBuckets({ perSecond: 10, burst: 20 });
    const seen = Array.from({ length: 9 }, () => buckets.isBusy(buckets.enter('a', 0)));
    expect([seen.lastIndexOf(false), seen.indexOf(true), buckets.isBusyKey('a')]).toEqual([7, 8, true]);
    buckets.leave('a');
    expect(buckets.isBusyKey('a')).toBe(false);

    const networks = Array.from({ length: 65 }, (_, network) => `2001:db8:1:${network}::/64`);
    const seenOfSite = networks.map((key) => buckets.isBusy(buckets.enter(key, 0)));
    expect([seenOfSite.indexOf(true), buckets.isBusyKey(networks[0]!)]).toEqual([64, true]);
  });

  it('calls all of a /48 busy that has used more than a tenth of its own', () => {
    const buckets = new AddressBuckets({ perSecond: 10, burst: 20 });
    const accounts = Array.from({ length: 9 }, (_, network) =>
      buckets.enter(`2001:db8:1:${network}::/64`, 0),
    );
    for (const account of accounts) buckets.spend(account, 1.9, 0);
    const unknown = ['2001:db8:1:99::/64', '2001:db8:2:0::/64'];
    expect([
      accounts.map((one) => buckets.isBusy(one)),
      unknown.map((key) => buckets.isBusyKey(key)),
    ]).toEqual([Array.from({ length: 9 }, () => true), [true, false]]);
  });

  it('charges the /48 of an IPv6 address as well, which has the share of eight', () => {
    const buckets = new AddressBuckets({ perSecond: 100, burst: 100 });
    const key = (network: number): string => `2001:db8:1:${network}::/64`;
    const accounts = Array.from({ length: 9 }, (_, network) => buckets.enter(key(network), 0));
    const owed = accounts.map((account) => buckets.spend(account, 100, 0));
    expect(owed).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 125]);
    expect([buckets.owedMs(key(0), 0), buckets.owedMs('2001:db8:2:0::/64', 0)]).toEqual([125, 0]);
    accounts.forEach((_, network) => buckets.leave(key(network)));
    buckets.tick(2_000);
    expect([buckets.size, buckets.owedMs(key(0), 0)]).toEqual([0, 0]);
  });

  it('charges a /48 that was forgotten while one of its addresses still owed', () => {
    const buckets = new AddressBuckets({ perSecond: 10, burst: 20 });
    const [key, neighbour] = ['2001:db8:1:1::/64', '2001:db8:1:2::/64'];
    buckets.spend(buckets.enter(key, 0), 40, 0);
    buckets.leave(key);
    buckets.tick(1_000); // eight times the rate have refilled the bucket of the /48
    const other = buckets.enter(neighbour, 1_000);
    const account = buckets.enter(key, 1_000);
    for (let times = 0; times < 10; times++) buckets.spend(other, 20, 1_000);
    expect(buckets.debtMs(account, 1_000)).toBe(buckets.owedMs(key, 1_000));
    expect(account.site).toBe(other.site);
  });

  it('keeps the account of whoever is still connected, or has come back', () => {
    const buckets = new AddressBuckets({ perSecond: 10, burst: 20 });
    const account = buckets.enter('a', 0);
    buckets.enter('a', 0);
    buckets.leave('a');
    buckets.tick(10_000);
    expect(buckets.size).toBe(1);
    buckets.leave('a');
    buckets.enter('a', 10_000);
    buckets.tick(20_000);
    expect(buckets.enter('a', 20_000)).toBe(account);
  });

  it('has a /48 owe at most eight times what an address may owe, and all of its addresses with it', () => {
    const buckets = new AddressBuckets({ perSecond: 100, burst: 100, debtMax: 200 });
    const [one, other] = [0, 1].map((network) => buckets.enter(`2001:db8:1:${network}::/64`, 0));
    buckets.spend(one!, 100_000, 0);
    expect(buckets.debtMs(other!, 0)).toBe(2_000);
  });
});
