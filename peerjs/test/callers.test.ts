import { Callers, type Caller } from '../src/callers.ts';

const limits = {
  connectionsMax: 30,
  connectionsPerAddressMax: 2,
  requests: { perSecond: 1, burst: 2 },
  messages: { perSecond: 1, burst: 2 },
};
const enter = (callers: Callers, key: string): Caller => {
  const caller = callers.enter(key, 0);
  if (typeof caller === 'string') throw new Error(`${key} was refused: ${caller}`);
  return caller;
};

describe('Callers', () => {
  it('limits the requests of an address, says when to come back, and does not count them for another', () => {
    const callers = new Callers(limits);
    expect([1, 2, 3].map(() => callers.ask('a', 0))).toEqual([0, 0, 1_000]);
    expect(callers.ask('b', 0)).toBe(0);
    expect(callers.ask('a', 1_000)).toBe(0);
  });

  it('limits the connections of an address and those in all, and has room again for who leaves', () => {
    const callers = new Callers({ ...limits, connectionsMax: 3 });
    const first = enter(callers, 'a');
    enter(callers, 'a');
    expect(callers.enter('a', 0)).toBe('address_full');
    enter(callers, 'b');
    expect(callers.enter('b', 0)).toBe('connections_full');
    callers.leave(first);
    expect(callers.connections).toBe(2);
    enter(callers, 'a');
  });

  it('does not take the /64s of one /48 for as many addresses: eight shares are all', () => {
    const callers = new Callers(limits);
    for (let i = 0; i < 16; i++) enter(callers, `2001:db8:1:${i.toString(16)}::/64`);
    expect(callers.enter('2001:db8:1:ff::/64', 0)).toBe('address_full');
    enter(callers, '2001:db8:2:0::/64');
  });

  it('keeps what the connections of an address send in one account, until its debt is paid', () => {
    const callers = new Callers(limits);
    const [first, second] = [enter(callers, 'a'), enter(callers, 'a')];
    expect(first.account).toBe(second.account);
    first.account.thousandths = -2_000;
    callers.leave(first);
    callers.leave(second);
    callers.tick(1_000);
    expect(enter(callers, 'a').account).toBe(first.account);
  });
});
