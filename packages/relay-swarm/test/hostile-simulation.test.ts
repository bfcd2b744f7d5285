// A newcomer among liars, in the simulator: relays that really answer, in networks of their own, and tell only of each other and of inventions.
import { idStart } from '@relay-swarm/protocol';
import { pickSome } from '../src/simulator/scenario.ts';
import type { SimulatedRelay } from '../src/simulator/simulated-relay.ts';
import { SimulatedSwarm } from '../src/simulator/simulated-swarm.ts';

const HOSTS = { sessionsMax: 12, capacity: 1_000, loss: 0.01 };

function shareKnown(newcomer: SimulatedRelay, relays: readonly SimulatedRelay[]): number {
  const { table } = newcomer.membership;
  return (
    relays.filter(({ descriptor }) => table.get(idStart(descriptor.id)) !== undefined).length / relays.length
  );
}

it('a relay that answers nothing when tables are compared keeps nothing from a newcomer', () => {
  const swarm = new SimulatedSwarm(HOSTS);
  swarm.addKnown(100);
  const honest = swarm.up;
  const [silent] = swarm.addHostile(1, 0);
  swarm.run(10_000);
  const newcomer = swarm.add([silent!, ...pickSome(swarm, 1)]);
  swarm.run(120_000);
  expect(shareKnown(newcomer, honest)).toBeGreaterThan(0.99);
});

it('a newcomer that begins with nine hostile relays of ten knows the swarm, and drops what they have invented', () => {
  const swarm = new SimulatedSwarm(HOSTS);
  swarm.addKnown(100);
  const honest = swarm.up;
  const hostile = swarm.addHostile(9, 200);
  swarm.run(10_000);
  const newcomer = swarm.add([...hostile, honest[7]!]);
  swarm.run(600_000);
  expect(shareKnown(newcomer, honest)).toBeGreaterThan(0.99);
  const { table } = newcomer.membership;
  expect(table.size).toBeLessThan(1 + honest.length + hostile.length + 10); // of 200 inventions, hardly any
});
