// A small form of `npm run simulate`: the same rules and the same bars, at sizes that take seconds. docs/swarm-simulation.md has ten thousand.
import { SimulatedSwarm } from '../src/simulator/simulated-swarm.ts';
import {
  agreementOf,
  isComplete,
  isolatedOf,
  pickSome,
  runChurn,
  runCut,
  runUntilComplete,
} from '../src/simulator/scenario.ts';

const HOSTS = { sessionsMax: 12, capacity: 200, loss: 0.01 };

describe('a hundred relays', () => {
  it('that start at once all know each other within a minute', () => {
    const swarm = new SimulatedSwarm(HOSTS);
    swarm.add([]);
    for (let i = 1; i < 100; i++) swarm.add(pickSome(swarm, 1));
    expect(runUntilComplete(swarm, 60)).toBeDefined();
    expect(isolatedOf(swarm)).toBe(0);
  });

  it('of which one comes and one goes each minute stay cheap, whole and of one mind', () => {
    const swarm = new SimulatedSwarm(HOSTS);
    swarm.addKnown(100);
    const figures = runChurn(swarm, { minutes: 10, churn: 0.6, keys: 300 });
    expect(figures.came).toBeGreaterThanOrEqual(9);
    expect(figures.bytesPerSecond.mean).toBeLessThan(3_000);
    expect(figures.sessions.most).toBeLessThanOrEqual(12);
    expect(figures.newcomer).toMatchObject({ unknown: 0 });
    expect(figures.newcomer.most).toBeLessThan(120);
    expect(figures.isolated).toBe(0);
    swarm.run(180_000); // the last one that went is noticed
    expect(isComplete(swarm)).toBe(true);
    expect(agreementOf(swarm, 300, 3)).toBe(1);
  });

  it('of which thirty vanish in silence are without them soon', () => {
    const swarm = new SimulatedSwarm(HOSTS);
    swarm.addKnown(100);
    swarm.run(60_000);
    for (const relay of swarm.up.slice(0, 30)) swarm.stop(relay, 'cut');
    expect(runUntilComplete(swarm, 240)).toBeDefined();
    expect(isolatedOf(swarm)).toBe(0);
  });
});

it('a hundred relays that are cut in two know it within two minutes, and are whole within two after it', () => {
  const swarm = new SimulatedSwarm(HOSTS);
  swarm.addKnown(100);
  swarm.run(60_000);
  const { cut, healed } = runCut(swarm, 4);
  expect(cut).toBeLessThan(120);
  expect(healed).toBeLessThan(120);
  swarm.run(900_000); // views that have formed on one side mix again
  expect(isolatedOf(swarm)).toBe(0);
});

it('forty relays cost no more than they do as a full mesh (1,864 bytes a second, measured)', () => {
  const swarm = new SimulatedSwarm(HOSTS);
  swarm.addKnown(40);
  expect(runChurn(swarm, { minutes: 5, churn: 0.05 }).bytesPerSecond.mean).toBeLessThan(1_864);
});
