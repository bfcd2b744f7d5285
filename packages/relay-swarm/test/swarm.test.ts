// The swarm as a whole, on a simulated network and clock: convergence, loss, partition, drain.
import { Simulation, type SimulatedRelay } from './simulation.ts';

/** Ten relays that all know the first one's address, as from the DHT. */
async function createSwarm(count = 10, seed = 1): Promise<Simulation> {
  const simulation = new Simulation(seed);
  for (let i = 0; i < count; i++) simulation.add(`r${i}`, ['https://r0.example']);
  const seconds = await simulation.runUntil(() => simulation.isComplete, 60);
  if (seconds === undefined) throw new Error('the swarm did not become complete');
  return simulation;
}

const isGone = (simulation: Simulation, relay: SimulatedRelay): boolean =>
  simulation.alive.every((other) => other === relay || !simulation.roster(other).includes(relay.name));

describe('a swarm of ten relays', () => {
  it.each([1, 2, 3])('knows itself within 15 s of the last start (dice %i)', async (seed) => {
    const simulation = new Simulation(seed);
    for (let i = 0; i < 10; i++) {
      simulation.add(`r${i}`, ['https://r0.example']);
      await simulation.run(300);
    }
    expect(await simulation.runUntil(() => simulation.isComplete, 60)).toBeLessThan(15);
  });

  it('of forty is complete as well, and no pair is forgotten', async () => {
    const simulation = await createSwarm(40);
    await simulation.run(5_000);
    for (const { node } of simulation.relays) expect(node.sessions).toBe(39);
  });

  it('keeps one session for each two relays, though both dial', async () => {
    const simulation = await createSwarm();
    await simulation.run(5_000);
    for (const { node } of simulation.relays) expect(node.sessions).toBe(9);
    const dials = simulation.relays.map(({ node }) => node.counters.dials);
    expect(dials.reduce((sum, count) => sum + count)).toBe(10 * 9); // each proves each once, and loses nobody by it
  });

  it('forgets a killed relay within 30 s, and takes it in again', async () => {
    const simulation = await createSwarm();
    const victim = simulation.relays[3]!;
    simulation.kill(victim);
    expect(await simulation.runUntil(() => isGone(simulation, victim), 60)).toBeLessThan(30);
    await simulation.run(40_000);
    simulation.add('r3', ['https://r7.example']); // with a new key, at the old URL
    expect(await simulation.runUntil(() => simulation.isComplete, 120)).toBeLessThan(60);
  });

  it('sends nobody to a frozen relay after 10 s, and takes it in again when it thaws', async () => {
    const simulation = await createSwarm();
    const victim = simulation.relays[0]!;
    simulation.freeze(victim);
    expect(await simulation.runUntil(() => isGone(simulation, victim), 60)).toBeLessThanOrEqual(10);
    victim.isFrozen = false;
    expect(await simulation.runUntil(() => simulation.isComplete, 60)).toBeLessThan(30);
  });

  it.each([60, 600])('heals within 30 s after a partition of %i s', async (seconds) => {
    const simulation = await createSwarm();
    for (const relay of simulation.relays.slice(5)) relay.side = 1;
    await simulation.run(seconds * 1000);
    for (const relay of simulation.relays) expect(simulation.roster(relay)).toHaveLength(5);
    for (const relay of simulation.relays) relay.side = 0;
    expect(await simulation.runUntil(() => simulation.isComplete, 120)).toBeLessThan(30);
  });

  it('stays as it is for hours', async () => {
    const simulation = await createSwarm(4);
    for (let minutes = 0; minutes < 120; minutes++) {
      await simulation.run(60_000);
      expect(simulation.isComplete).toBe(true);
    }
    // the proofs were renewed: more dials than there are pairs
    expect(simulation.relays[0]!.node.counters.dials).toBeGreaterThan(10);
  });

  it('goes on where the clock of one of them is set, forth and back', async () => {
    const simulation = await createSwarm(4);
    await simulation.run(10_000); // all are vouched for, and issue nothing anew
    const { clock } = simulation.relays[1]!;
    for (const aheadMs of [7_200_000, 0]) {
      clock.aheadMs = aheadMs;
      for (let seconds = 0; seconds < 60; seconds++) {
        await simulation.run(1_000);
        expect(simulation.isComplete).toBe(true);
      }
    }
    const victim = simulation.relays[2]!;
    simulation.freeze(victim);
    expect(await simulation.runUntil(() => isGone(simulation, victim), 60)).toBeLessThan(30);
  });

  it('takes in a relay that started with a wrong clock once that is right', async () => {
    const simulation = await createSwarm(3);
    const late = simulation.add('late', ['https://r0.example'], {}, 7_200_000);
    await simulation.run(60_000);
    expect(simulation.roster(simulation.relays[0]!)).not.toContain('late'); // its descriptor is of the future
    late.clock.aheadMs = 0;
    expect(await simulation.runUntil(() => simulation.isComplete, 600)).toBeLessThan(60);
  });

  it('believes nothing of the future that it has remembered', async () => {
    const simulation = await createSwarm(3);
    const hour = 3_600_000;
    const remembered = simulation.relays[0]!.node.save().map((relay) => ({
      ...relay,
      verifiedAtMs: relay.verifiedAtMs! + hour,
      healthAtMs: relay.healthAtMs! + hour,
    }));
    for (const relay of simulation.relays) simulation.kill(relay);
    const again = simulation.add('again');
    again.node.restore(remembered);
    expect(simulation.roster(again)).toEqual(['again']);
  });

  it('orders the roster by state and load, and takes a draining relay off at once', async () => {
    const simulation = await createSwarm(4);
    const [a, b, c, d] = simulation.relays as [
      SimulatedRelay,
      SimulatedRelay,
      SimulatedRelay,
      SimulatedRelay,
    ];
    Object.assign(a, { state: 'full', load: 1 });
    Object.assign(b, { state: 'ok', load: 0.5 });
    Object.assign(c, { state: 'ok', load: 0.2 });
    Object.assign(d, { state: 'busy', load: 0.8 });
    for (const relay of simulation.relays) simulation.report(relay);
    await simulation.run(100);
    const order = (relay: SimulatedRelay) => relay.node.roster().relays.map(({ url }) => url.slice(6, 8));
    for (const relay of simulation.relays) expect(order(relay)).toEqual(['r2', 'r1', 'r3', 'r0']);
    c.state = 'draining';
    simulation.report(c);
    await simulation.run(100);
    for (const relay of simulation.relays) expect(order(relay)).toEqual(['r1', 'r3', 'r0']);
  });

  it('offers a relay after a restart at once, while what it remembers is fresh, and not when it is stale', async () => {
    const simulation = await createSwarm(3);
    const remembered = simulation.relays[0]!.node.save();
    expect(remembered).toHaveLength(2);
    const soon = simulation.add('soon');
    soon.node.restore(remembered);
    expect(simulation.roster(soon)).toEqual(['r1', 'r2', 'soon']);
    for (const relay of simulation.relays) simulation.kill(relay);
    const forged = simulation.add('forged');
    forged.node.restore(remembered.map((relay) => ({ ...relay, health: { ...relay.health!, load: 0.5 } })));
    expect(simulation.roster(forged)).toEqual(['forged']);
    await simulation.run(31_000);
    const later = simulation.add('later');
    later.node.restore(remembered);
    expect(simulation.roster(later)).toEqual(['later']);
  });

  it('grows no further than its limit of sessions', async () => {
    const simulation = new Simulation();
    const small = simulation.add('small', [], { sessionsMax: 3 });
    for (let i = 0; i < 8; i++) simulation.add(`r${i}`, ['https://small.example']);
    await simulation.run(120_000);
    expect(small.node.sessions).toBe(3);
    expect(simulation.roster(small)).toHaveLength(9); // it knows of all the same
    for (const { node } of simulation.relays.slice(1)) {
      expect(node.sessions).toBeGreaterThanOrEqual(7); // the others are not kept from each other
      expect(node.counters.dials).toBeLessThan(60); // nor hammer at the full one
    }
  });
});
