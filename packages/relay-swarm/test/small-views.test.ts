// A swarm whose relays have fewer sessions than there are relays, in simulated time: what each of them offers while others freeze, and while
// the network is cut in two.
import { Simulation } from './simulation.ts';

const COUNT = 14;
const CHANGES = { sessionsMax: 5 };

async function startSwarm(seed: number): Promise<Simulation> {
  const simulation = new Simulation(seed);
  for (let i = 0; i < COUNT; i++) {
    simulation.add(`r${i}`, i === 0 ? [] : ['https://r0.example', `https://r${i >> 1}.example`], CHANGES);
    await simulation.run(300);
  }
  expect(await simulation.runUntil(() => simulation.isComplete, 60)).toBeDefined();
  return simulation;
}

it('a frozen relay is gone from every roster within 40 s, and back as soon after it has thawed', async () => {
  const simulation = await startSwarm(1);
  const frozen = simulation.relays[3]!;
  simulation.freeze(frozen);
  const isGone = (): boolean =>
    simulation.alive.every((relay) => !simulation.roster(relay).includes(frozen.name));
  expect(await simulation.runUntil(isGone, 40)).toBeDefined();
  frozen.isFrozen = false;
  expect(await simulation.runUntil(() => simulation.isComplete, 40)).toBeDefined();
}, 60_000);

it('is whole again within a minute after a cut of two minutes, twice', async () => {
  const simulation = await startSwarm(2);
  const isEachSideWhole = (): boolean =>
    simulation.alive.every((relay) => {
      const side = simulation.alive.filter((other) => other.side === relay.side).map(({ name }) => name);
      return simulation.roster(relay).join() === side.sort().join();
    });
  for (let turn = 0; turn < 2; turn++) {
    for (const [i, relay] of simulation.relays.entries()) relay.side = i % 2;
    expect(await simulation.runUntil(isEachSideWhole, 120)).toBeDefined();
    await simulation.run(60_000);
    for (const relay of simulation.relays) relay.side = 0;
    expect(await simulation.runUntil(() => simulation.isComplete, 60)).toBeDefined();
    // Honest relays have been wrong by the dozen, and are believed all the same
    for (const { node } of simulation.relays) {
      expect(node.membership.slanderers).toEqual([]);
      expect(node.membership.discredited).toEqual([]);
    }
  }
}, 120_000);
