// What one process costs at 1, 100 and 1,000 clients beside a bare forwarder and coturn, and what a second worker brings:
// `node stun/bench/scale.mjs`, with BENCH_NODE naming the Node.js of the containers. The second table needs root and cgroups: each worker is held to
// the same part of a core, so that the load has room on a machine of two.
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { childrenOf } from '../../bench/process.mjs';
import { number, run, UNDER_WAY, withServer } from './measure.mjs';
import { TABLE, withWorkers } from './rivals.mjs';

const BYTES = 172;
const SECONDS = 3;
const PASSES = Number(process.env.PASSES ?? 2);
/** Of a core, for each process of the server. */
const PART_OF_CORE = 0.3;
const PERIOD_US = 10_000;
/** cgroup v2, or the first version's part for processors. */
const IS_V2 = existsSync('/sys/fs/cgroup/cgroup.controllers');
const CGROUPS = IS_V2 ? '/sys/fs/cgroup' : '/sys/fs/cgroup/cpu';

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)];
const spread = (values) => `${number(Math.min(...values), 1)} to ${number(Math.max(...values), 1)}`;

async function costs() {
  console.log(
    '| clients | ' +
      TABLE()
        .map(({ name }) => `${name}: µs CPU/packet`)
        .join(' | ') +
      ' |',
  );
  console.log(
    '|---:|' +
      TABLE()
        .map(() => '---:|')
        .join(''),
  );
  for (const clients of [1, 100, 1_000]) {
    /** @type {Map<string, number[]>} */
    const found = new Map(TABLE().map(({ name }) => [name, []]));
    for (let pass = 0; pass < PASSES; pass++) {
      for (const rival of TABLE()) {
        const window = Math.max(1, Math.floor(UNDER_WAY / clients));
        const plan = { bytes: BYTES, clients, peers: 1, mode: 'full', window, seconds: SECONDS };
        const { microsecondsPerPacket } = await withServer(rival, (server, port) =>
          run(rival, server, port, plan),
        );
        found.get(rival.name)?.push(microsecondsPerPacket);
      }
    }
    const cells = [...found.values()].map((values) => `${number(median(values), 1)} (${spread(values)})`);
    console.log(`| ${[number(clients), ...cells].join(' | ')} |`);
  }
}

/** Holds each of these processes to its part of a core. */
function hold(pids) {
  const groups = pids.map((pid) => {
    const group = `${CGROUPS}/stun-bench-${pid}`;
    mkdirSync(group);
    const quota = PERIOD_US * PART_OF_CORE;
    if (IS_V2) writeFileSync(`${group}/cpu.max`, `${quota} ${PERIOD_US}`);
    else {
      writeFileSync(`${group}/cpu.cfs_period_us`, String(PERIOD_US));
      writeFileSync(`${group}/cpu.cfs_quota_us`, String(quota));
    }
    writeFileSync(`${group}/cgroup.procs`, String(pid));
    return group;
  });
  return async () => {
    for (const group of groups) {
      for (const pid of readFileSync(`${group}/cgroup.procs`, 'utf8').split('\n').filter(Boolean))
        writeFileSync(`${CGROUPS}/cgroup.procs`, pid);
      await remove(group);
    }
  };
}

/** The kernel still holds it for a moment when its last process has left. */
async function remove(group, tries = 20) {
  try {
    rmdirSync(group);
  } catch (error) {
    if (tries === 0) throw error;
    await sleep(50);
    await remove(group, tries - 1);
  }
}

async function workers() {
  console.log(`\nEach process of the server held to ${PART_OF_CORE} of a core, 100 clients\n`);
  console.log('| server | packets/s | µs CPU/packet |\n|---|---:|---:|');
  const found = new Map();
  for (let pass = 0; pass < PASSES; pass++) {
    for (const count of [1, 2]) {
      const rival = { ...withWorkers(count), cores: '0,1' };
      const plan = {
        bytes: BYTES,
        clients: 100,
        peers: 1,
        mode: 'full',
        window: 4,
        seconds: SECONDS,
        cores: '0,1',
      };
      const result = await withServer(rival, async (server, port) => {
        const release = hold(count === 1 ? [server.pid] : childrenOf(server.pid));
        try {
          return await run(rival, server, port, plan);
        } finally {
          await release();
        }
      });
      found.set(count, [...(found.get(count) ?? []), result]);
    }
  }
  const medians = [...found].map(([count, results]) => {
    const of = (key) => results.map((result) => result[key]);
    const packets = median(of('packetsPerSecond'));
    console.log(
      `| ${withWorkers(count).name} | ${number(packets)} (${of('packetsPerSecond')
        .map((one) => number(one))
        .join(', ')}) | ${number(median(of('microsecondsPerPacket')), 1)} |`,
    );
    return packets;
  });
  console.log(`\nTwo workers relay ${number(medians[1] / medians[0], 2)} × the packets of one process`);
}

if (!process.argv.includes('--workers')) await costs();
if (!process.argv.includes('--costs')) await workers();
