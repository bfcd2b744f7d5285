// One tracker beside two that are one domain: `npm run bench -- --only cluster`. The same load (tracker/bench/README.md) for all: first every connection at
// the node that owns its swarm, as a client comes that knows the owner; then half of them at the other one, as nginx deals them out.
// Nodes and the nats-server share core 0, the load has core 1: what counts is the processor time of each for a message, not how fast it is.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Owners } from '@relay-swarm/cluster/owners';
import { freePort } from '../../../scripts/lib/free-port.mjs';
import { nodePath, spawnOnCore, stopChild, waitForPort } from '../../../bench/process.mjs';
import { tell } from '../../../bench/rows.mjs';
import { infoHash } from '../frames.mjs';
import { OUR_ARGS, OUR_SETTINGS } from '../ours.mjs';

const here = import.meta.dirname;
const isQuick = process.argv.includes('--quick');
/** Busy: each connection has an announce under way. Dealt out, one core would be so busy with three processes that they lose offers: paced. */
const PACED = 300;
const load = {
  kind: 'messages',
  swarmSize: 20,
  connectionsCount: 800,
  announcesPerSecond: 0,
  ...(isQuick ? { warmUpSeconds: 2, seconds: 3 } : { warmUpSeconds: 5, seconds: 8 }),
};
const SWARMS = load.connectionsCount / load.swarmSize;
const ROUNDS = isQuick ? 1 : 3;
const TOKEN = 'c0ffee'.repeat(6);

/** @typedef {{ cpuPerMessageMicroseconds: number, cpuPerMessageOfEach: number[], messagesPerSecond: number, lost: number, latencyMs: { p50: number } }} Seen */

/** @param {import('node:child_process').ChildProcess} child @returns {Promise<string>} its name in the cluster */
function nodeOf(child) {
  return new Promise((resolve, reject) => {
    let text = '';
    child.once('exit', () => reject(new Error(`Cannot go on: a tracker left: ${text}`)));
    child.stdout?.setEncoding('utf8').on('data', (part) => {
      text += part;
      const node = /"node":"([0-9a-f]{16})"/.exec(text)?.[1];
      if (node !== undefined) resolve(node);
    });
  });
}

/** @param {number} nodes @param {'owner' | 'turn'} placement @returns {Promise<Seen>} of the trackers, and behind them the nats-server where there is one */
async function measure(nodes, placement, announcesPerSecond = 0) {
  const folder = mkdtempSync(join(tmpdir(), 'cluster-bench-'));
  const children = [];
  const env = { PATH: process.env['PATH'], ...OUR_SETTINGS, LOG_LEVEL: 'info', LOG_FORMAT: 'json' };
  try {
    const natsPort = await freePort();
    const nats =
      nodes === 1
        ? []
        : [
            spawnOnCore(
              0,
              'nats-server',
              ['--addr', '127.0.0.1', '--port', String(natsPort), '--auth', TOKEN],
              { stdio: 'ignore' },
            ),
          ];
    children.push(...nats);
    if (nats[0] !== undefined) await waitForPort(natsPort, nats[0]);
    const ports = [];
    const trackers = [];
    const names = [];
    for (let index = 0; index < nodes; index++) {
      const port = await freePort();
      const own = join(folder, String(index));
      const cluster =
        nodes === 1
          ? {}
          : {
              CLUSTER_URL: `nats://127.0.0.1:${natsPort}`,
              CLUSTER_TOKEN: TOKEN,
              TRACKER_ROLE: index === 0 ? 'relay' : 'node',
            };
      const settings = { ...env, ...cluster, TRACKER_PORT: String(port), DATA_DIR: own, IDENTITY_DIR: own };
      const child = spawnOnCore(0, nodePath, OUR_ARGS, {
        cwd: folder,
        env: settings,
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      children.push(child);
      trackers.push(child);
      if (nodes > 1) names.push(await nodeOf(child));
      else child.stdout.resume();
      await waitForPort(port, child);
      ports.push(port);
    }
    await sleep(3_000); // they have seen each other
    const owners = new Owners([...names].sort());
    const ownerOfSwarm = Array.from({ length: SWARMS }, (_, swarm) =>
      nodes === 1 ? 0 : names.indexOf(owners.of(infoHash(swarm))),
    );
    const pids = [...trackers, ...nats].map((child) => child.pid);
    return await runLoad({
      ...load,
      announcesPerSecond,
      port: ports[0],
      pids,
      nodes: { ports, placement, ownerOfSwarm },
    });
  } finally {
    for (const child of children.reverse()) await stopChild(child);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @returns {Promise<Seen>} */
function runLoad(scenario) {
  const child = spawnOnCore(1, nodePath, [join(here, '..', 'load.mjs'), JSON.stringify(scenario)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (part) => (text += part));
    child.once('close', (code) =>
      code === 0
        ? resolve(JSON.parse(text))
        : reject(new Error(`Cannot measure: the load generator left with code ${code}`)),
    );
  });
}

/** @param {readonly number[]} values */
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;

if (spawnSync('nats-server', ['--version']).status !== 0) {
  console.log('cluster: left out, there is no nats-server here');
  process.exit(0);
}
/** @type {Record<string, Seen[]>} */
const seen = { one: [], owner: [], 'one, paced': [], 'owner, paced': [], 'turn, paced': [] };
for (let round = 0; round < ROUNDS; round++) {
  for (const name of Object.keys(seen)) {
    const pace = name.endsWith('paced') ? PACED : 0;
    const found = await measure(
      name.startsWith('one') ? 1 : 2,
      name.startsWith('turn') ? 'turn' : 'owner',
      pace,
    );
    seen[name]?.push(found);
    const each = found.cpuPerMessageOfEach.map((cpu) => cpu.toFixed(2)).join(' + ');
    console.log(
      `  ${name}: ${each} µs, ${Math.round(found.messagesPerSecond)} messages/s, p50 ${found.latencyMs.p50.toFixed(1)} ms, ${found.lost} lost`,
    );
  }
}
/** @param {string} name @param {(seen: Seen) => number} what */
const of = (name, what) => median((seen[name] ?? []).map(what));
const ofEach = (/** @type {Seen} */ { cpuPerMessageOfEach: [one = 0, other = 0] }) => (one + other) / 2;
const ofAll = (/** @type {Seen} */ { cpuPerMessageMicroseconds }) => cpuPerMessageMicroseconds;
/** @param {string} what @param {number} ours @param {string} beside @param {{ ratioMax?: number }} bars */
const row = (what, ours, beside, bars = {}) =>
  tell({ group: 'cluster', what, digits: 2, ours, others: { 'one tracker': of(beside, ofAll) }, ...bars });
row('clients at the owner of their swarm: CPU µs per message of each node', of('owner', ofEach), 'one', {
  ratioMax: 0.65,
});
row('clients at the owner of their swarm: of both nodes and the nats-server', of('owner', ofAll), 'one');
row(
  `clients at the owner, ${PACED} announces/s: of both nodes and the nats-server`,
  of('owner, paced', ofAll),
  'one, paced',
);
row(
  `clients at either node, ${PACED} announces/s: of both nodes and the nats-server`,
  of('turn, paced', ofAll),
  'one, paced',
);
