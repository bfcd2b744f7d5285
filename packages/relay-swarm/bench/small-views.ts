// Real nodes whose views are smaller than the swarm, in simulated time: how soon all know of a kill, a freeze, a goodbye, a cut and its end.
// node test/support/run-typescript.mjs packages/relay-swarm/bench/small-views.ts [40] [8] [seed]
import { Simulation, type SimulatedRelay } from '../test/simulation.ts';

const [count = 40, sessionsMax = 8, seed = 1] = process.argv.slice(2).map(Number);
const simulation = new Simulation(seed);

const isGone = (gone: SimulatedRelay): boolean =>
  simulation.alive.every((relay) => !simulation.roster(relay).includes(gone.name));
const isWholeOnEachSide = (): boolean =>
  simulation.alive.every((relay) => {
    const side = simulation.alive.filter((other) => other.side === relay.side).map(({ name }) => name);
    return simulation.roster(relay).join() === side.sort().join();
  });

async function tell(what: string, isSo: () => boolean, secondsMax = 600): Promise<void> {
  const seconds = await simulation.runUntil(isSo, secondsMax);
  console.log(`${what}: ${seconds === undefined ? `not within ${secondsMax} s` : `${seconds.toFixed(1)} s`}`);
  if (seconds === undefined) explain();
}

function explain(): void {
  for (const relay of simulation.alive) {
    const roster = simulation.roster(relay);
    const missing = simulation.alive.filter(
      ({ name, side }) => side === relay.side && !roster.includes(name),
    );
    if (missing.length === 0) continue;
    const { membership } = relay.node;
    console.log(
      `  ${relay.name} misses ${missing.map(({ name }) => name).join(' ')}; down ${membership.down.size}, unproven ${membership.unproven.size},` +
        ` slanderers ${membership.slanderers.length}, discredited ${membership.discredited.length}, sessions ${relay.node.sessions}`,
    );
    for (const one of relay.node
      .explain(100)
      .filter(({ status }) => !['offered', 'session'].includes(status)))
      console.log(`    ${one.url} ${one.status}: ${one.why}`);
  }
}

for (let i = 0; i < count; i++) {
  simulation.add(`r${i}`, i === 0 ? [] : ['https://r0.example', `https://r${i >> 1}.example`], {
    sessionsMax,
  });
  await simulation.run(300);
}
await tell('complete', () => simulation.isComplete);
await simulation.run(5_000);
const [killed, frozen] = [simulation.relays[2]!, simulation.relays[3]!];
simulation.kill(killed);
await tell('a killed one is gone', () => isGone(killed));
await simulation.run(5_000);
simulation.freeze(frozen);
await tell('a frozen one is gone', () => isGone(frozen));
frozen.isFrozen = false;
await tell('it is back', () => simulation.isComplete);
for (let turn = 1; turn <= 2; turn++) {
  for (const [i, relay] of simulation.relays.entries()) relay.side = i < count / 2 ? 1 : 0;
  await tell('cut in two', isWholeOnEachSide);
  await simulation.run(60_000);
  for (const relay of simulation.relays) relay.side = 0;
  await tell('whole again', () => simulation.isComplete);
  await simulation.run(120_000);
}
