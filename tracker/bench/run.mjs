// Measures our tracker beside others: `npm run bench -w tracker [-- --quick] [--only WORDS]`. What and how: README.md.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { tell } from '../../bench/rows.mjs';
import { frontVersion, hasFront, startFront } from './front.mjs';
import { OUR_ARGS, OUR_SETTINGS } from './ours.mjs';
import {
  nodePath,
  nodeVersion,
  residentKilobytes,
  spawnOnCore,
  stopChild,
  waitForPort,
} from '../../bench/process.mjs';
import { freePort } from '../../scripts/lib/free-port.mjs';

const here = import.meta.dirname;
const isQuick = process.argv.includes('--quick');
const onlyAt = process.argv.findIndex((arg) => arg.startsWith('--only'));
const only = onlyAt < 0 ? undefined : (process.argv[onlyAt].split('=')[1] ?? process.argv[onlyAt + 1]);
const times = isQuick ? { warmUpSeconds: 2, seconds: 3 } : { warmUpSeconds: 5, seconds: 8 };
const messages = { kind: 'messages', swarmSize: 20, announcesPerSecond: 0, ...times };
const handshakes = { kind: 'handshakes', swarmSize: 20, connectionsCount: 20, ...times };
const PACED = 300;

const ours = { args: OUR_ARGS, env: OUR_SETTINGS };
const theirs = (kind) => ({ args: [join(here, 'reference-server.mjs'), kind], env: {} });
const floor = (kind) => ({ args: [join(here, 'floors.mjs'), kind], env: {} });
const RIVAL = 'bittorrent-tracker';
const FLOOR = 'bare Node server';

const scenarios = [
  messageScenario('200 connections', { connectionsCount: 200 }, { ratioMax: 0.2 }),
  messageScenario('2,000 connections', { connectionsCount: 2_000 }, { ratioMax: 0.2, residentMbMax: 120 }),
  messageScenario(
    `200 connections, ${PACED} announces/s`,
    { connectionsCount: 200, announcesPerSecond: PACED },
    { ratioMax: 0.4 },
  ),
  {
    title: 'opening and holding',
    measure: async () => {
      const load = {
        kind: 'memory',
        connectionsCount: isQuick ? 2_000 : 10_000,
        swarmSize: 20,
        settleSeconds: isQuick ? 4 : 8,
      };
      const all = {
        ours: await measure(ours, load),
        [RIVAL]: await measure(theirs('ws'), load),
        [FLOOR]: await measure(floor('websocket'), { ...load, kind: 'open' }),
      };
      const per = ({ idleKilobytes, startedKilobytes }) =>
        (idleKilobytes - startedKilobytes) / load.connectionsCount;
      const after = ({ residentKilobytes: resident, startedKilobytes }) =>
        (resident - startedKilobytes) / load.connectionsCount;
      row('connections', all, 'open and announce, CPU µs', 1, (r) => r.openMicroseconds, { max: 60 });
      row('connections', all, 'idle after an announce, KB each', 1, per, { max: 5 });
      row('connections', without(all, FLOOR), 'after ten offers each, KB each', 1, after, { max: 8 });
      row(
        'connections',
        without(all, FLOOR),
        'resident with nobody, MB',
        0,
        (r) => r.startedKilobytes / 1_024,
      );
    },
  },
  frontScenario('behind nginx with TLS, 200 connections', { ...messages, connectionsCount: 200 }, { max: 8 }),
  frontScenario(
    `behind nginx with TLS, 200 connections, ${PACED} announces/s`,
    { ...messages, connectionsCount: 200, announcesPerSecond: PACED },
    { max: 22 },
  ),
  {
    title: 'behind nginx with TLS, connections',
    needsFront: true,
    measure: async () => {
      const load = { kind: 'memory', connectionsCount: 2_000, swarmSize: 20, settleSeconds: isQuick ? 3 : 6 };
      const all = {
        ours: await measureBehindFront(load),
        'ours without nginx': await measure(ours, load),
      };
      const per = ({ idleKilobytes, startedKilobytes }) =>
        (idleKilobytes - startedKilobytes) / load.connectionsCount;
      const after = ({ residentKilobytes: resident, startedKilobytes }) =>
        (resident - startedKilobytes) / load.connectionsCount;
      row('nginx', all, 'nginx and tracker: open and announce, CPU µs', 0, (r) => r.openMicroseconds);
      row('nginx', all, 'nginx and tracker: idle after an announce, KB each', 1, per, { max: 30 });
      row('nginx', all, 'nginx and tracker: after ten offers each, KB each', 1, after, { max: 30 });
    },
  },
  {
    title: 'behind nginx with TLS, handshakes',
    needsFront: true,
    measure: async () => {
      const full = await measureBehindFront(handshakes);
      const resumed = await measureBehindFront({ ...handshakes, isResumed: true });
      const ofFront = ({ openMicrosecondsOfEach }) => 1e6 / openMicrosecondsOfEach.at(-1);
      const both = { ours: full, 'the same with a resumed session': resumed };
      row('nginx', both, 'connections opened with TLS and ECDSA, per CPU second of nginx', 0, ofFront);
      console.log(`  resumed: ${(resumed.resumedShare * 100).toFixed(0)} %`);
    },
  },
  announceScenario('udp', 'UDP announces', 80_000),
  announceScenario('http', 'HTTP announces', 20_000),
];

function messageScenario(
  title,
  load,
  /** @type {{ ratioMax: number, residentMbMax?: number }} */ { ratioMax, residentMbMax },
) {
  const scenario = { ...messages, ...load };
  return {
    title,
    measure: async () => {
      const all = {
        ours: await measure(ours, scenario),
        [RIVAL]: await measure(theirs('ws'), scenario),
        [FLOOR]: await measure(floor('messages'), scenario),
      };
      messageRows('messages', title, all, { ratioMax }, scenario);
      row('messages', all, `${title}: resident after it, MB`, 0, (r) => r.residentKilobytes / 1_024, {
        max: residentMbMax,
      });
    },
  };
}

function messageRows(group, title, all, bars, { announcesPerSecond }) {
  row(group, all, `${title}: CPU µs per message delivered`, 2, (r) => r.cpuPerMessageMicroseconds, bars);
  if (announcesPerSecond === 0)
    row(group, all, `${title}: messages delivered per second`, 0, (r) => r.messagesPerSecond);
  row(group, all, `${title}: announce to reply, ms, p50`, 2, (r) => r.latencyMs.p50);
  row(group, all, `${title}: announce to reply, ms, p99`, 2, (r) => r.latencyMs.p99);
  for (const [name, result] of Object.entries(all)) complain(name, result, announcesPerSecond > 0);
}

function frontScenario(title, load, bars) {
  return {
    title,
    needsFront: true,
    measure: async () => {
      const behind = await measureBehindFront(load);
      const all = { ours: behind, 'ours without nginx': await measure(ours, load) };
      messageRows('nginx', title, all, bars, load);
      const [tracker, front] = behind.cpuPerMessageOfEach;
      console.log(`  of it the tracker ${tracker.toFixed(2)}, nginx ${front.toFixed(2)}`);
    },
  };
}

function announceScenario(kind, words, min) {
  return {
    title: words,
    measure: async () => {
      const load = { kind, ...times };
      const all = {
        ours: await measure(ours, load, 'announces.mjs'),
        [RIVAL]: await measure(theirs(kind), load, 'announces.mjs'),
        [FLOOR]: await measure(floor(kind), load, 'announces.mjs'),
      };
      row('announces', all, `${words} per CPU second`, 0, (r) => r.perCpuSecond, { min });
      for (const [name, result] of Object.entries(all)) complain(name, result);
    },
  };
}

const without = (all, name) => Object.fromEntries(Object.entries(all).filter(([key]) => key !== name));

function row(group, all, what, digits, of, bars = {}) {
  const { ours: own, ...others } = Object.fromEntries(Object.entries(all).map(([name, r]) => [name, of(r)]));
  tell({ group, what, digits, ours: own, others, ...bars });
}

function complain(name, { serverCores, loadCores, lost = 0, failures = 0, closed = 0 }, isPaced = false) {
  if (!isPaced && Math.max(serverCores, loadCores) < 0.9)
    console.log(
      `  ${name}: other programs had the cores (${serverCores.toFixed(2)}, ${loadCores.toFixed(2)}), so this says little`,
    );
  if (lost + failures + closed > 0)
    console.log(`  ${name}: ${lost} announces lost, ${failures} failures, ${closed} connections closed`);
}

/** Starts a server on core 0, and the load on core 1. */
async function measure(
  { args, env },
  load,
  program = 'load.mjs',
  /** @type {typeof startFront | undefined} */ startedFront = undefined,
) {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'tracker-bench-'));
  const folders = { DATA_DIR: join(folder, 'data'), IDENTITY_DIR: join(folder, 'identity') };
  const child = spawnOnCore(0, nodePath, args, {
    cwd: folder, // no .env of the operator's
    env: {
      PATH: process.env.PATH,
      ...env,
      ...folders,
      TRACKER_PORT: String(port),
      ...(load.kind === 'udp' ? { TRACKER_UDP_PORT: String(port) } : {}),
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  /** @type {Awaited<ReturnType<typeof startFront>> | undefined} */
  let front;
  try {
    await waitForPort(port, child);
    front = await startedFront?.(port);
    await sleep(2_000);
    const pids = [child.pid, ...(front?.pids ?? [])];
    const startedKilobytes = pids.map(residentKilobytes).reduce((a, b) => a + b, 0);
    const result = await runLoad(program, {
      ...load,
      port: front?.tlsPort ?? port,
      isSecure: front !== undefined,
      pids,
    });
    if (child.exitCode !== null) throw new Error('Cannot go on: the server died');
    return { ...result, startedKilobytes };
  } finally {
    await front?.stop();
    await stopChild(child);
    rmSync(folder, { recursive: true, force: true });
  }
}

const measureBehindFront = (load) => measure(ours, load, 'load.mjs', startFront);

function runLoad(program, scenario) {
  const load = spawnOnCore(1, nodePath, [join(here, program), JSON.stringify(scenario)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return new Promise((resolve, reject) => {
    let text = '';
    load.stdout.setEncoding('utf8').on('data', (part) => (text += part));
    load.once('close', (code) => {
      if (code === 0) resolve(JSON.parse(text));
      else reject(new Error(`Cannot measure: the load generator left with code ${code}`));
    });
  });
}

if (!existsSync(ours.args.at(-1) ?? '')) {
  console.error('Cannot measure our tracker: it is not compiled. Run "npm run build" first');
  process.exit(1);
}
const version = (name) =>
  JSON.parse(readFileSync(join(here, '..', '..', 'node_modules', name, 'package.json'), 'utf8')).version;
const kernel = execFileSync('uname', ['-sr'], { encoding: 'utf8' }).trim();
console.log(
  `Node ${nodeVersion()}, ${kernel}, ${cpus()[0].model.trim()}, bittorrent-tracker ${version('bittorrent-tracker')}, ${frontVersion()}`,
);
for (const { title, needsFront = false, measure: run } of scenarios) {
  if (only !== undefined && !title.includes(only)) continue;
  if (needsFront && !hasFront()) {
    console.log(`${title}: left out, there is no nginx here`);
    continue;
  }
  console.log(`\n${title}`);
  await run();
}
