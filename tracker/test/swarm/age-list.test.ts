import fc from 'fast-check';
import { AgeList, type Aged } from '../../src/swarm/age-list.ts';

class One implements Aged<One> {
  lastSeenMs = 0;
  older: One | undefined = undefined;
  newer: One | undefined = undefined;
}

describe('AgeList', () => {
  it('always knows the one that was silent longest, whoever comes, goes and speaks', () => {
    const step = fc.tuple(fc.constantFrom('append', 'takeOut', 'touch'), fc.nat());
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const list = new AgeList<One>();
        let expected: One[] = [];
        for (const [nowMs, [what, randomInt]] of steps.entries()) {
          const one = what === 'append' ? new One() : expected[randomInt % expected.length];
          if (one === undefined) continue;
          expected = expected.filter((other) => other !== one);
          if (what === 'takeOut') list.takeOut(one);
          else {
            list[what](one, nowMs);
            expected.push(one);
          }
          expect(list.oldestBefore(Infinity) === expected[0]).toBe(true);
          expect(expected.every(({ newer }, at) => newer === expected[at + 1])).toBe(true);
        }
      }),
    );
  });

  it('names nobody who was seen at the given time or later', () => {
    const list = new AgeList<One>();
    expect(list.oldestBefore(1_000)).toBeUndefined();
    const one = new One();
    list.append(one, 500);
    expect([list.oldestBefore(500), list.oldestBefore(501)]).toEqual([undefined, one]);
  });

  it('walks through those from before, the oldest first, while each is taken out', () => {
    const list = new AgeList<One>();
    const all = [100, 200, 300, 400].map((nowMs) => {
      const one = new One();
      list.append(one, nowMs);
      return one;
    });
    const seen: One[] = [];
    for (const one of list.allBefore(300)) {
      list.takeOut(one);
      seen.push(one);
    }
    expect(seen.map((one) => all.indexOf(one))).toEqual([0, 1]);
    expect(list.oldestBefore(Infinity) === all[2]).toBe(true);
  });
});
