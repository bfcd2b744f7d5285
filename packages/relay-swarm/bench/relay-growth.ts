// What a relay costs in a swarm of n: CPU and bytes per relay and second, at rest and while the swarm forms.
// Real nodes and keys on simulated wires and time; the CPU of the simulation itself is in the numbers.
// node test/support/run-typescript.mjs packages/relay-swarm/bench/relay-growth.ts [10,25,50,100]
import { Simulation } from '../test/simulation.ts';

const SIZES = (process.argv[2] ?? '10,25,50,100').split(',').map(Number);
const REST_SECONDS = 120;

interface Row {
  readonly relays: number;
  readonly completeAfterSeconds: string;
  readonly formingCpuMs: string;
  readonly formingKB: string;
  readonly cpuMsPerSecond: string;
  readonly bytesSentPerSecond: string;
  readonly framesSentPerSecond: string;
}

const rows: Row[] = [];
for (const count of SIZES) {
  const simulation = new Simulation(count);
  const sum = (of: 'bytesSent' | 'framesSent'): number =>
    simulation.relays.reduce((total, { node }) => total + node.counters[of], 0);
  const cpuMs = (): number => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  };

  const formingFromMs = cpuMs();
  for (let i = 0; i < count; i++) {
    simulation.add(`r${i}`, ['https://r0.example']);
    await simulation.run(100);
  }
  const seconds = await simulation.runUntil(() => simulation.isComplete, 300);
  const formed = { cpuMs: cpuMs() - formingFromMs, bytes: sum('bytesSent') };

  await simulation.run(60_000); // the last gossip
  const restFrom = { cpuMs: cpuMs(), bytes: sum('bytesSent'), frames: sum('framesSent') };
  await simulation.run(REST_SECONDS * 1000);
  const per = (total: number): number => total / count / REST_SECONDS;
  rows.push({
    relays: count,
    completeAfterSeconds: seconds?.toFixed(1) ?? 'never',
    formingCpuMs: (formed.cpuMs / count).toFixed(0),
    formingKB: (formed.bytes / count / 1000).toFixed(0),
    cpuMsPerSecond: per(cpuMs() - restFrom.cpuMs).toFixed(2),
    bytesSentPerSecond: per(sum('bytesSent') - restFrom.bytes).toFixed(0),
    framesSentPerSecond: per(sum('framesSent') - restFrom.frames).toFixed(1),
  });
  console.log(JSON.stringify(rows.at(-1)));
}
console.table(rows);
