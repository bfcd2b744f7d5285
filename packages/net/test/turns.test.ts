import { inTurn, isTurnOver } from '../src/turns.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('inTurn()', () => {
  it('calls one after the other, in the order in which they asked, and lets the event loop turn between two', async () => {
    const seen: string[] = [];
    for (const name of ['a', 'b', 'c']) inTurn(() => seen.push(name));
    const counts: number[] = [];
    for (let turns = 0; turns < 4; turns++) {
      counts.push(seen.length);
      await turn();
    }
    expect([counts, seen]).toEqual([
      [0, 1, 2, 3],
      ['a', 'b', 'c'],
    ]);
  });

  it('goes on where one of them asks again', async () => {
    const seen: number[] = [];
    const again = (count: number): void => {
      seen.push(count);
      if (count < 3) inTurn(() => again(count + 1));
    };
    inTurn(() => again(1));
    for (let turns = 0; turns < 4; turns++) await turn();
    expect(seen).toEqual([1, 2, 3]);
  });
});

describe('isTurnOver()', () => {
  it('counts from the first question of a turn, and begins anew in the next one', async () => {
    const asked = [1_000, 1_004, 1_005, 1_100].map(isTurnOver);
    await turn();
    expect([asked, isTurnOver(1_101), isTurnOver(1_106)]).toEqual([[false, false, true, true], false, true]);
    await turn();
  });
});
