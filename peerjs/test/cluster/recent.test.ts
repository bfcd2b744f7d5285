import { Recent } from '../../src/cluster/recent.ts';

describe('what was passed on lately', () => {
  it('is known for as long as it may come again, and then forgotten', () => {
    const recent = new Recent(10_000);
    recent.tick(0);
    expect(recent.meet('a')).toBe(false);
    recent.tick(9_000);
    expect(recent.meet('b')).toBe(false);
    recent.tick(10_000);
    recent.tick(19_000);
    expect([recent.meet('a'), recent.meet('b')]).toEqual([true, true]);
    recent.tick(20_000);
    expect([recent.meet('a'), recent.meet('b')]).toEqual([false, false]);
  });
});
