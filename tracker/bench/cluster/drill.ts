// npm run drill -w tracker [-- NAME…]: three trackers, a real nats-server and CLIENTS real clients (1,000), and what docs/cluster.md says of faults.
import { drills } from './drills.ts';
import { Nodes } from './nodes.ts';

const number = (name: string, otherwise: number): number => Number(process.env[name] ?? otherwise);
const asked = process.argv.slice(2);
const unknown = asked.find((name) => !(name in drills));
if (unknown !== undefined)
  throw new Error(`Cannot drill "${unknown}": wanted some of ${Object.keys(drills).join(', ')}`);

const clients = number('CLIENTS', 1_000);
const startedMs = performance.now();
// Several of each swarm at each tracker: they meet while it is alone.
const swarms = number('SWARMS', Math.max(1, Math.min(50, Math.floor(clients / 18))));
const nodes = await Nodes.start(clients, swarms);
console.log(
  `${clients} clients at three trackers, whole after ${Math.round(performance.now() - startedMs)} ms`,
);
try {
  for (const name of asked.length > 0 ? asked : Object.keys(drills))
    await drills[name]!({
      nodes,
      offersPerSecond: number('OFFERS_PER_SECOND', 50),
      engineHangsSeconds: number('ENGINE_HANGS_SECONDS', 60),
      report: console.log,
    });
} finally {
  await nodes.stop();
}
