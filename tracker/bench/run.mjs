// Measures our tracker against bittorrent-tracker's own server: `npm run bench -w tracker [-- --quick]`. What and how: README.md.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { residentKilobytes, spawnOnCore, stopChild, waitForPort } from './process.mjs';

const CPU_RATIO_MAX = 1 / 4;
const MEMORY_RATIO_MAX = 1;

const isQuick = process.argv.includes('--quick');
const only = process.argv.find((arg) => arg.startsWith('--only='))?.slice('--only='.length);
const times = isQuick ? { warmUpSeconds: 2, seconds: 3 } : { warmUpSeconds: 5, seconds: 10 };
const messages = { kind: 'messages', swarmSize: 20, announcesPerSecond: 0, ...times };
const scenarios = [
  { ...messages, title: '200 connections', connectionsCount: 200 },
  { ...messages, title: '2,000 connections', connectionsCount: 2_000 },
  { ...messages, title: '200 connections, 300 announces/s', connectionsCount: 200, announcesPerSecond: 300 },
  {
    kind: 'memory',
    title: isQuick ? '2,000 connections, one announce each' : '10,000 connections, one announce each',
    connectionsCount: isQuick ? 2_000 : 10_000,
    swarmSize: 20,
    settleSeconds: isQuick ? 5 : 30,
    rounds: isQuick ? 1 : 3,
  },
];

const servers = {
  theirs: { entry: join(import.meta.dirname, 'reference-server.mjs'), env: {} },
  ours: { entry: join(import.meta.dirname, '..', 'dist', 'main.js'), env: ourSettings() },
};

/** The limits that protect an open relay would refuse ten thousand connections, and such talkative ones, of one address. */
function ourSettings() {
  return {
    LOG_LEVEL: 'warn',
    TRACKER_DHT_ENABLED: 'false',
    TRACKER_CONNECTIONS_PER_ADDRESS_MAX: '1000000',
    TRACKER_ANNOUNCES_PER_SECOND: '1000000',
    TRACKER_ANNOUNCES_BURST: '1000000',
    TRACKER_MESSAGES_PER_SECOND: '1000000',
    TRACKER_MESSAGES_BURST: '1000000',
  };
}

async function measure(name, scenario) {
  const { entry, env } = servers[name];
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'tracker-bench-'));
  const folders = { DATA_DIR: join(folder, 'data'), IDENTITY_DIR: join(folder, 'identity') };
  const child = spawnOnCore(0, [entry], {
    cwd: folder, // no .env of the operator's
    env: { PATH: process.env.PATH, ...env, ...folders, TRACKER_PORT: String(port) },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  try {
    await waitForPort(port, child);
    await sleep(3_000);
    const idleKilobytes = residentKilobytes(child.pid);
    const result = await runLoad({ ...scenario, port, pid: child.pid });
    if (child.exitCode !== null) throw new Error(`Cannot go on: the server of "${name}" died`);
    const kilobytesPerConnection = (result.residentKilobytes - idleKilobytes) / scenario.connectionsCount;
    return { ...result, idleKilobytes, kilobytesPerConnection };
  } finally {
    await stopChild(child);
    rmSync(folder, { recursive: true, force: true });
  }
}

function runLoad(scenario) {
  const load = spawnOnCore(1, [join(import.meta.dirname, 'load.mjs'), JSON.stringify(scenario)], {
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

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

function print(scenario, theirs, ours) {
  const rows =
    scenario.kind === 'memory'
      ? memoryRows(theirs, ours)
      : messageRows(theirs, ours, scenario.announcesPerSecond > 0);
  console.log(`\n${scenario.title}`);
  for (const { what, digits, theirs, ours, ratioMax } of rows) {
    const ratio = ours / theirs;
    const verdict = ratioMax === undefined ? '' : ratio <= ratioMax ? 'PASS' : 'MISS';
    if (verdict === 'MISS') process.exitCode = 1;
    const bar = ratioMax === undefined ? '' : `bar ${ratioMax.toFixed(2)} ${verdict}`;
    const shown = [theirs, ours].map((value) => value.toFixed(digits).padStart(12)).join('');
    console.log(`  ${what.padEnd(38)}${shown}${ratio.toFixed(3).padStart(10)}  ${bar}`);
  }
  for (const [name, result] of Object.entries({ theirs, ours })) {
    if (scenario.announcesPerSecond === 0 && Math.max(result.serverCores, result.loadCores) < 0.9) {
      console.log(`  ${name}: other programs had the cores, so this says little: repeat on a quiet machine`);
    }
    if (result.lost + result.failures + result.closed === 0) continue;
    console.log(
      `  ${name}: ${result.lost} announces lost, ${result.failures} failures, ${result.closed} connections closed`,
    );
  }
}

function messageRows(theirs, ours, isPaced) {
  const row = (what, digits, of, ratioMax) => ({
    what,
    digits,
    theirs: of(theirs),
    ours: of(ours),
    ratioMax,
  });
  return [
    row('CPU per message, µs', 2, (r) => r.cpuPerMessageMicroseconds, isPaced ? undefined : CPU_RATIO_MAX),
    row('messages per second', 0, (r) => r.messagesPerSecond),
    row('messages per announce', 1, (r) => r.messagesPerSecond / r.announcesPerSecond),
    row('announce to reply, p50, ms', 2, (r) => r.latencyMs.p50),
    row('announce to reply, p99, ms', 2, (r) => r.latencyMs.p99),
    row('cores used by the server', 2, (r) => r.serverCores),
    row('cores used by the load generator', 2, (r) => r.loadCores),
  ];
}

function memoryRows(theirs, ours) {
  return [
    {
      what: 'KB per connection',
      digits: 2,
      theirs: theirs.kilobytesPerConnection,
      ours: ours.kilobytesPerConnection,
      ratioMax: MEMORY_RATIO_MAX,
    },
    { what: 'KB of the idle server', digits: 0, theirs: theirs.idleKilobytes, ours: ours.idleKilobytes },
  ];
}

if (!existsSync(servers.ours.entry)) {
  console.error('Cannot measure our tracker: it is not compiled. Run "npm run build" first');
  process.exit(1);
}
const version = (name) =>
  JSON.parse(readFileSync(join(import.meta.dirname, '..', '..', 'node_modules', name, 'package.json')))
    .version;
const kernel = execFileSync('uname', ['-sr'], { encoding: 'utf8' }).trim();
console.log(
  `Node ${process.version}, ${kernel}, ${cpus()[0].model.trim()}, bittorrent-tracker ${version('bittorrent-tracker')}, ws ${version('ws')}`,
);
console.log(`${' '.repeat(40)}${'theirs'.padStart(12)}${'ours'.padStart(12)}${'ratio'.padStart(10)}`);
for (const scenario of scenarios.filter(({ title }) => only === undefined || title.includes(only))) {
  const [theirs, ours] = [[], []];
  for (let round = 0; round < (scenario.rounds ?? 1); round++) {
    theirs.push(await measure('theirs', scenario));
    ours.push(await measure('ours', scenario));
  }
  print(scenario, median(theirs), median(ours));
  if (theirs.length > 1) console.log(`  each round, theirs: ${listed(theirs)}; ours: ${listed(ours)}`);
}

/** The middle one by memory. */
function median(results) {
  const sorted = results.toSorted((a, b) => a.kilobytesPerConnection - b.kilobytesPerConnection);
  return sorted[Math.floor(sorted.length / 2)];
}

function listed(results) {
  return results.map((result) => result.kilobytesPerConnection.toFixed(2)).join(', ');
}
