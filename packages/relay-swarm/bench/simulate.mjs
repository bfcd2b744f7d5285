// The membership of the swarm in virtual time: npm run simulate -w packages/relay-swarm [-- relays minutes sessions]
// Without arguments the table of docs/swarm-simulation.md, which takes a while.
import { performance } from 'node:perf_hooks';
import { tell } from '../../../bench/rows.mjs';
import { SimulatedSwarm } from '../dist/simulator/simulated-swarm.js';
import { pickSome, runChurn, runCut, runUntilComplete } from '../dist/simulator/scenario.js';

const LOSS = 0.01;
const CHURN = 0.05;
/** Fewer that come and go say nothing of how soon all know: of 40 relays two go in an hour. Then one does each minute, for so long. */
const CHANGES_MIN = 10;
const MORE_MINUTES = 30;
// `table`: what `npm run bench` shows, and nothing else.
const forTable = process.argv[2] === 'table';
const [relays, minutes = 20, sessionsMax = 12] = forTable ? [] : process.argv.slice(2).map(Number);
const cases =
  relays === undefined
    ? [[40, 20], [100, 20], [1_000, 20], ...(forTable ? [] : [[10_000, 20]])]
    : [[relays, minutes]];

for (const [count, lasting] of cases) {
  const began = performance.now();
  const swarm = new SimulatedSwarm({
    sessionsMax,
    capacity: count + Math.ceil(count * CHURN * (lasting / 60 + 1)) + MORE_MINUTES,
    loss: LOSS,
  });
  swarm.addKnown(count);
  const figures = runChurn(swarm, { minutes: lasting, churn: CHURN });
  report(`${count} relays, ${sessionsMax} sessions at most, ${lasting} minutes, 5 % an hour`, figures, began);
  let changes = figures;
  if (figures.came < CHANGES_MIN) {
    const again = performance.now();
    changes = runChurn(swarm, { minutes: MORE_MINUTES, churn: 60 / count, warmUpMinutes: 0 });
    report(`the same, ${MORE_MINUTES} minutes more, in each of which one comes and one goes`, changes, again);
  }
  if (process.env.BENCH_ROWS !== undefined) {
    const row = (what, ours) => tell({ group: 'roster', what: `${count} relays: ${what}`, digits: 1, ours });
    row('bytes each sends in a second', figures.bytesPerSecond.mean);
    row('seconds until all know a newcomer, median', changes.newcomer.median);
    row('seconds until all have dropped one that went, median', changes.gone.median);
  }
}

if (forTable) process.exit();
const small = relays === undefined ? [40, 100, 1_000] : relays <= 1_000 ? [relays] : [];
for (const count of relays === undefined ? [10, ...small] : small) {
  const began = performance.now();
  const swarm = new SimulatedSwarm({ sessionsMax, capacity: count, loss: LOSS });
  swarm.add([]);
  for (let i = 1; i < count; i++) swarm.add(pickSome(swarm, 3));
  report(`${count} relays start at once`, { completeAfterSeconds: runUntilComplete(swarm, 1_800) }, began);
}

for (const count of small) {
  const began = performance.now();
  const swarm = new SimulatedSwarm({ sessionsMax, capacity: count, loss: LOSS });
  swarm.addKnown(count);
  swarm.run(60_000);
  report(`${count} relays cut in two, and whole again a minute after they know it`, runCut(swarm, 30), began);
}

function report(what, figures, began) {
  console.log(
    what,
    JSON.stringify(
      figures,
      (_key, value) => (typeof value === 'number' ? Math.round(value * 10_000) / 10_000 : value),
      1,
    ),
  );
  console.log(
    `  (${Math.round((performance.now() - began) / 1000)} s, ${Math.round(process.memoryUsage().rss / 1e6)} MB)`,
  );
}
