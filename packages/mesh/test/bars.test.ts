// The simulator's bars, in a short form; docs/mesh-simulation.md has the long one.
import { runDepartures } from '../src/simulator/degrees.ts';
import { algorithms, runScenario, type Outcome } from '../src/simulator/broadcasts.ts';

const run = (name: string, members: number, gone: number, broadcasts: number, bytes = 1_024): Outcome => {
  const algorithm = algorithms().find((one) => one.name === name)!;
  return runScenario({ algorithm, members, bytes, gone, broadcasts, seed: 7 }, () => 0);
};

describe('100 members', () => {
  it('with 5 % gone unseen: all delivered, at most 1.35 copies each, the last within twice flooding’s time', () => {
    const ours = run('mesh', 100, 0.05, 8);
    const flooding = run('flood', 100, 0.05, 8);
    expect(ours.delivered).toBe(1);
    expect(ours.copies).toBeLessThanOrEqual(1.35);
    expect(ours.lastMs).toBeLessThanOrEqual(2 * flooding.lastMs);
  });

  it.each([0.1, 0.2])('with %f gone unseen: all delivered', (gone) => {
    expect(run('mesh', 100, gone, 8).delivered).toBe(1);
  });

  it('of 64 KB, in parts: all delivered, and hardly anything twice', () => {
    const ours = run('mesh', 100, 0.05, 4, 65_536);
    expect(ours.delivered).toBe(1);
    expect(ours.copies).toBeLessThanOrEqual(1.35);
  });

  it('lose much along the original’s tree, and less along the shortest paths, without repair', () => {
    const [prim, shortest] = [run('prim', 100, 0.05, 10), run('shortest-path', 100, 0.05, 10)];
    expect(prim.delivered).toBeLessThan(shortest.delivered);
    expect(shortest.delivered).toBeLessThan(1);
    expect(prim.hopsMax).toBeGreaterThan(shortest.hopsMax);
  });
});

describe('1,000 members', () => {
  it('take at most 10 KB of routes for each broadcast', () => {
    const ours = run('mesh', 1_000, 0, 12);
    expect(ours.delivered).toBe(1);
    expect(ours.routeBytes).toBeLessThanOrEqual(10_000);
  });
});

describe('100 members of whom 30 leave at once', () => {
  it('stay in one piece with the default number of links, unlike with the original’s', () => {
    const scenario = { rooms: 60, members: 100, leaving: 30, seed: 5 };
    const ours = runDepartures({ ...scenario, target: 6, max: 10 });
    const original = runDepartures({ ...scenario, target: 4, max: 6 });
    expect(ours.whole).toBeGreaterThan(0.9);
    expect(ours.inLargest).toBeGreaterThan(0.999);
    expect(original.whole).toBeLessThan(ours.whole);
    expect(original.linksEach).toBeLessThan(ours.linksEach);
  });
});
