// npm run simulate -w packages/mesh [-- --members 100 --gone 0.05 --bytes 1024 --seed 1 --svg FOLDER]
// Without --members: every row of docs/mesh-simulation.md. With --churn 0.5: half of the members are replaced in a minute, while others talk.
// --departures: what is left of rooms from which 30 of 100 leave at once, for several numbers of links.
// The network: --latency and --jitter (ms), --map (ms across it), --uplink (Mbit/s), --loss (from 0 to 1).
import { mkdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { tell } from '../../../bench/rows.mjs';
import { algorithms, runScenario } from '../dist/simulator/broadcasts.js';
import { plainModel } from '../dist/simulator/network.js';
import { runChurn } from '../dist/simulator/churn.js';
import { runDepartures } from '../dist/simulator/degrees.js';
import { plotOf, tableOf } from '../dist/simulator/table.js';

const text = /** @type {const} */ ({ type: 'string', multiple: false });
const { values } = parseArgs({
  options: {
    members: text,
    gone: text,
    bytes: text,
    seed: text,
    loss: text,
    latency: text,
    jitter: text,
    map: text,
    uplink: text,
    churn: text,
    seconds: text,
    target: text,
    max: text,
    broadcasts: text,
    svg: text,
    departures: { type: 'boolean' },
  },
});
const seed = Number(values.seed ?? 1);
const model = {
  loss: Number(values.loss ?? 0),
  baseMs: Number(values.latency ?? plainModel.baseMs),
  jitterMs: Number(values.jitter ?? plainModel.jitterMs),
  mapMs: Number(values.map ?? plainModel.mapMs),
  uplinkBitsPerSecond:
    values.uplink === undefined ? plainModel.uplinkBitsPerSecond : 1e6 * Number(values.uplink),
};
for (const [name, value] of Object.entries(values)) {
  if (name === 'svg' || name === 'departures' || (Number.isFinite(Number(value)) && Number(value) >= 0))
    continue;
  console.error(`Cannot use --${name} ${value}: wanted a number from 0`);
  process.exit(1);
}
if (values.departures) {
  for (const [target, max] of /** @type {const} */ ([
    [3, 5],
    [4, 6],
    [6, 10],
    [8, 12],
  ])) {
    const { linksEach, whole, inLargest } = runDepartures({
      rooms: 200,
      members: 100,
      leaving: 30,
      target,
      max,
      seed,
    });
    console.log(
      `${target} / ${max}: ${linksEach.toFixed(1)} links each, ${(100 * whole).toFixed(0)} % of the rooms in one piece, ` +
        `${(100 * inLargest).toFixed(2)} % of the members in the largest part`,
    );
  }
  process.exit(0);
}
if (values.churn !== undefined) {
  const members = Number(values.members ?? 40);
  const scenario = {
    members,
    perMinute: Number(values.churn),
    seconds: Number(values.seconds ?? 60),
    seed,
    model,
  };
  const { broadcasts, replaced, delivered, meanMs, lastMs, copies } = runChurn({
    ...scenario,
    bytes: Number(values.bytes ?? 1_024),
  });
  console.log(
    `${members} members, ${replaced} replaced during ${broadcasts} broadcasts: ${(100 * delivered).toFixed(2)} % delivered to those who stayed, ` +
      `${meanMs.toFixed(0)} ms on average, ${lastMs.toFixed(0)} ms at most, ${copies.toFixed(2)} copies each`,
  );
  process.exit(0);
}

/** Of this process, so that other work on the machine does not count. */
function cpuNowMs() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

/** @param {number} members @param {number} gone @param {number} bytes @param {number} broadcasts */
function rowsOf(
  members,
  gone,
  bytes,
  broadcasts,
  names = ['prim', 'shortest-path', 'flood', 'gossipsub', 'mesh'],
) {
  return algorithms(Number(values.target ?? 6), Number(values.max ?? 10))
    .filter(({ name }) => names.includes(name))
    .map((algorithm) => ({
      members,
      gone,
      bytes,
      algorithm: algorithm.name,
      outcome: runScenario({ algorithm, members, bytes, gone, broadcasts, seed, model }, cpuNowMs),
    }));
}

const rows =
  values.members === undefined
    ? [
        ...[0, 0.05, 0.1, 0.2].flatMap((gone) => rowsOf(100, gone, 1_024, 40)),
        ...rowsOf(100, 0.05, 65_536, 20),
        ...[0, 0.05, 0.2].flatMap((gone) => rowsOf(1_000, gone, 1_024, 8)),
        ...rowsOf(10_000, 0.05, 1_024, 1, ['shortest-path', 'flood', 'mesh']),
      ]
    : rowsOf(
        Number(values.members),
        Number(values.gone ?? 0.05),
        Number(values.bytes ?? 1_024),
        Number(values.broadcasts ?? 20),
      );
console.log(tableOf(rows));
for (const { members, gone, bytes, algorithm, outcome } of rows) {
  if (algorithm !== 'mesh' || gone !== rows[0]?.gone || bytes !== 1_024) continue;
  console.log(
    `${members} members: ${outcome.sourceCpuMs.toFixed(1)} ms of the source's processor for each broadcast`,
  );
}
if (process.env['BENCH_ROWS'] !== undefined) {
  const named = (/** @type {string} */ name) => rows.find(({ algorithm }) => algorithm === name)?.outcome;
  const [own, flood, gossip] = [named('mesh'), named('flood'), named('gossipsub')];
  for (const [what, of] of /** @type {const} */ ([
    ['delivered, of all', 'delivered'],
    ['ms until the last has it', 'lastMs'],
    ['copies each is sent', 'copies'],
  ])) {
    if (own && flood && gossip)
      tell({
        group: 'mesh',
        what: `${values.members ?? 100} members, 5 % gone unseen: ${what}`,
        digits: 2,
        ours: own[of],
        others: { gossipsub: gossip[of], flood: flood[of] },
      });
  }
}

if (values.svg !== undefined) {
  mkdirSync(values.svg, { recursive: true });
  const shown = rows.filter(
    ({ members, gone, bytes }) => members <= 1_000 && gone === 0.05 && bytes === 1_024,
  );
  const bars = (/** @type {'delivered' | 'lastMs' | 'copies' | 'routeBytes'} */ what, scale = 1) =>
    shown.map(({ members, algorithm, outcome }) => ({
      name: `${algorithm}, ${members}`,
      value: outcome[what] * scale,
    }));
  const plots = /** @type {const} */ ([
    ['delivered', 'Delivered with 5 % of the members gone unseen', '%', 100],
    ['lastMs', 'When the last member has it', 'ms', 1],
    ['copies', 'Copies that each member is sent', '', 1],
    ['routeBytes', 'Routes in all packets of one broadcast', 'KB', 0.001],
  ]);
  for (const [what, title, unit, scale] of plots) {
    writeFileSync(`${values.svg}/${what}.svg`, plotOf(title, unit, bars(what, scale)));
  }
}
