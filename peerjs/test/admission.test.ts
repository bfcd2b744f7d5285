import { Admission, type Caller } from '../src/admission.ts';

const limits = {
  connectionsMax: 3,
  connectionsPerAddressMax: 2,
  requests: { perSecond: 1, burst: 2 },
  messages: { perSecond: 1, burst: 2 },
};
const askFor = (admission: Admission, key: string, nowMs = 0): Caller => {
  const caller = admission.ask(key, nowMs);
  if (!caller) throw new Error(`${key} was refused`);
  return caller;
};

describe('Admission', () => {
  it('limits the requests of an address, not those of another', () => {
    const admission = new Admission(limits);
    expect([1, 2, 3].map(() => admission.ask('a', 0) !== undefined)).toEqual([true, true, false]);
    expect(admission.ask('b', 0)).toBeDefined();
    expect(admission.ask('a', 1000)).toBeDefined();
  });

  it('limits the connections of an address and those in all', () => {
    const admission = new Admission(limits);
    const [a, b] = [askFor(admission, 'a'), askFor(admission, 'b')];
    expect([a, a, a].map((caller) => admission.enter(caller))).toEqual([
      undefined,
      undefined,
      'address_full',
    ]);
    expect([b, b].map((caller) => admission.enter(caller))).toEqual([undefined, 'connections_full']);
    expect(admission.connections).toBe(3);
  });

  it('has room again for who leaves', () => {
    const admission = new Admission(limits);
    const a = askFor(admission, 'a');
    admission.enter(a);
    admission.enter(a);
    admission.leave(a);
    expect(admission.enter(a)).toBeUndefined();
  });

  it('forgets an address that has neither connections nor debts', () => {
    const admission = new Admission(limits);
    const a = askFor(admission, 'a');
    admission.enter(a);
    askFor(admission, 'b');
    admission.sweep(0);
    expect(admission.addresses).toBe(2);
    admission.sweep(10_000);
    expect(admission.addresses).toBe(1);
    admission.leave(a);
    admission.sweep(10_000);
    expect(admission.addresses).toBe(0);
  });
});
