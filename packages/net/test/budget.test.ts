import fc from 'fast-check';
import { ByteBudget, type Holder } from '../src/budget.ts';
import { createBudget, defaultBudgetBytes } from '../src/budget-of-service.ts';

const site = (subnet: number): string => `2001:db8:7:${subnet.toString(16)}::/64`;

describe('ByteBudget', () => {
  it('counts what is held and what is given back', () => {
    const budget = new ByteBudget({ bytesMax: 1_000 });
    const holder = budget.open('a', () => undefined);
    expect(holder.hold(60)).toBeUndefined();
    expect(holder.holdExactly(90)).toBeUndefined();
    expect([budget.bytes, budget.heldBy('a')]).toEqual([90, 90]);
    holder.holdExactly(20);
    holder.release(1_000_000); // never below nothing
    expect(budget.bytes).toBe(0);
    holder.close();
    expect([holder.hold(1), budget.addresses]).toEqual(['memory', 0]);
  });

  it('gives a connection, an address and a /48 their shares', () => {
    const budget = new ByteBudget({ bytesMax: 1_000, connectionShare: 0.1, addressShare: 0.25 });
    const open = (key: string): Holder => budget.open(key, () => undefined);
    expect(open('a').hold(101)).toBe('connection_memory');
    expect([1, 2, 3].map(() => open('a').hold(100))).toEqual([undefined, undefined, 'address_memory']);
    const ofSite = Array.from({ length: 6 }, (_, subnet) => open(site(subnet)).hold(100));
    expect(ofSite).toEqual([...Array<undefined>(5).fill(undefined), 'address_memory']);
    expect(budget.counts).toEqual({ cut: 0, connection_memory: 1, address_memory: 2, memory: 0 });
  });

  it('cuts the biggest of the biggest address near the limit, and leaves an honest one', () => {
    const budget = new ByteBudget({ bytesMax: 10_000, nextTurn: (turn) => turn() });
    const cut: string[] = [];
    // One connection with more than any of the attackers', of an address with less.
    expect(budget.open('honest', () => cut.push('honest')).hold(500)).toBeUndefined();
    for (let i = 0; i < 400; i++) budget.open(`attacker${i % 5}`, (reason) => cut.push(reason)).hold(40);
    expect(cut.length).toBeGreaterThan(0);
    expect(cut).not.toContain('honest');
    expect(new Set(cut)).toEqual(new Set(['memory']));
    expect(budget.bytes).toBeLessThan(9_000);
    expect(budget.counts.cut).toBe(cut.length);
  });

  it('cuts of those that hold the same the one that came first, and tells whose it was', () => {
    const budget = new ByteBudget({ bytesMax: 1_000, nextTurn: (turn) => turn() });
    const cut: string[] = [];
    const note = (_reason: string, name: string): void => void cut.push(name);
    const [first, gone, ...others] = ['first', 'gone', 'second', 'third'].map((name) =>
      budget.open('a', note, name),
    );
    gone!.close();
    for (const holder of [first!, ...others]) holder.hold(80);
    budget.reserve(580);
    budget.open('b', note, 'other').hold(80);
    expect(cut).toEqual(['first', 'second']);
  });

  it('does not end the newest for what others hold', () => {
    const budget = new ByteBudget({ bytesMax: 10_000 });
    for (let i = 0; i < 9; i++) for (let j = 0; j < 8; j++) budget.open(`a${i}`, () => undefined).hold(120);
    expect(budget.open('newcomer', () => undefined).hold(100)).toBeUndefined();
  });

  it('gives back at once and ends connections in several turns', () => {
    const turns: (() => void)[] = [];
    const budget = new ByteBudget({ bytesMax: 90_000, nextTurn: (turn) => turns.push(turn) });
    let ended = 0;
    for (let i = 0; i < 899; i++) budget.open(`a${i}`, () => ended++).hold(90);
    budget.open('b', () => ended++).hold(1_000);
    expect(budget.bytes).toBeLessThanOrEqual(67_500);
    expect(ended).toBe(64);
    for (let turn = turns.shift(); turn !== undefined; turn = turns.shift()) turn();
    expect(ended).toBe(budget.counts.cut);
    expect(ended).toBeGreaterThan(100);
  });

  it('tells that it is tight, where what is reserved leaves nothing to cut', () => {
    const budget = new ByteBudget({ bytesMax: 1_000 });
    budget.reserve(950);
    expect(budget.isTight).toBe(true);
    expect(budget.open('a', () => undefined).hold(60)).toBe('memory');
  });

  it('is always the sum of what is held, and never beyond its limits', () => {
    const step = fc.record({
      who: fc.nat({ max: 19 }),
      what: fc.constantFrom('hold', 'hold', 'hold', 'release', 'exactly', 'close'),
      bytes: fc.nat({ max: 150 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const budget = new ByteBudget({ bytesMax: 1_000 });
        const holders: Holder[] = [];
        const key = (who: number): string => (who < 10 ? `a${who % 4}` : site(who % 5));
        const wasCut = new Set<Holder>();
        const open = (who: number): Holder => {
          const holder: Holder = budget.open(key(who), () => wasCut.add(holder));
          return holder;
        };
        for (let who = 0; who < 20; who++) holders.push(open(who));
        for (const { who, what, bytes } of steps) {
          let holder = holders[who]!;
          if (holder.isCut) holder = holders[who] = open(who);
          const before = holder.bytes;
          const refusal =
            what === 'hold' ? holder.hold(bytes) : what === 'exactly' ? holder.holdExactly(bytes) : undefined;
          if (refusal !== undefined && !holder.isCut) expect(holder.bytes).toBe(before);
          if (what === 'release') holder.release(bytes);
          if (what === 'close') holder.close();
          const sum = holders.reduce((total, one) => total + one.bytes, 0);
          expect(budget.bytes).toBe(sum);
          expect(sum).toBeLessThan(900);
          for (const one of holders) expect(one.bytes).toBeLessThanOrEqual(100);
          for (const one of wasCut) expect(one.isCut).toBe(true);
        }
        for (const one of holders) one.close();
        expect([budget.bytes, budget.addresses]).toEqual([0, 0]);
      }),
    );
  });
});

describe('createBudget()', () => {
  it.each([
    [256, 57],
    [512, 160],
    [1024, 364],
    [64, 16],
    [65_536, 1024],
  ])('makes of %i MB of memory a budget of %i MB', (memory, budget) =>
    expect(Math.floor(defaultBudgetBytes(memory * 1_048_576) / 1_048_576)).toBe(budget),
  );

  it('takes what the setting says', () => expect(createBudget(5_000).bytesMax).toBe(5_000));
});
