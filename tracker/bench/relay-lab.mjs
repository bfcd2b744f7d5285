// A swarm of whole trackers on this machine, with a DHT of its own, to watch and to break: npm run lab -w tracker -- help
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const HELP = `npm run lab -w tracker -- <command>

  up [10] [--namespaces]   starts a DHT node and so many trackers, and waits until each knows all.
                           --namespaces (Linux, root): each in a network namespace of its own, which "partition" needs
  rosters                  what each relay tells browsers
  stop N | kill N          stops relay N (SIGTERM) or kills it (SIGKILL)
  start N                  starts it again, with its key and what it remembers
  freeze N | thaw N        SIGSTOP, SIGCONT
  partition N,M,…          cuts these off from the others
  heal                     thaws and joins all
  down                     stops everything and removes the lab
  try kill,freeze,stop,partition,churn [--churn=10]   these in turn with the lab that is up, and how long each took; churn:
                           so many minutes of relays that are killed and come back
  measure [10] [--namespaces] [--sessions=8] [--churn=10]   up, all of it in turn, and down; sessions: what a relay has
                           at most`;

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const LAB = here('../../data/lab');
const STATE = join(LAB, 'state.json');
const ENTRY = here('../dist/main.js');
const DHT_NODE = here('relay-lab-dht.mjs');
/** The switches of the lab, in a namespace of their own, where no firewall of this machine filters what they pass on. */
const HUB = 'rslab-hub';
const BRIDGES = ['side-a', 'side-b'];

let lab = existsSync(STATE) ? JSON.parse(readFileSync(STATE, 'utf8')) : undefined;
const save = () => writeFileSync(STATE, JSON.stringify(lab, null, 2));
const fail = (sentence) => {
  console.error(sentence);
  process.exit(1);
};

function ip(...words) {
  const { status, stderr, error } = spawnSync('ip', words, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`Cannot run ip ${words.join(' ')}: ${error?.message ?? stderr}`);
}

const namespaceOf = (number) => `rslab-${number}`;
/** Relay 0 is the DHT node. */
const placeOf = (number, hasNamespaces) =>
  hasNamespaces
    ? { address: `10.213.0.${number + 1}`, port: 8000, dhtPort: 6881 }
    : { address: '127.0.0.1', port: 18_000 + number, dhtPort: 19_000 + number };

function addNamespace(number) {
  const name = namespaceOf(number);
  ip('netns', 'add', name);
  ip('-n', HUB, 'link', 'add', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
  ip('-n', HUB, 'link', 'set', name, 'master', BRIDGES[0], 'up');
  ip('-n', name, 'addr', 'add', `${placeOf(number, true).address}/24`, 'dev', 'eth0');
  ip('-n', name, 'link', 'set', 'eth0', 'up');
  ip('-n', name, 'link', 'set', 'lo', 'up');
}

/**
 * All namespaces share the kernel's table of neighbours, which has room for 1,024 by default: of 40 relays each wants an entry for each.
 * What it was is restored by "down".
 */
function makeRoomForNeighbours(count) {
  const file = (name) => `/proc/sys/net/ipv4/neigh/default/${name}`;
  const wanted = 4 * (count + 1) ** 2;
  lab.neighbours = {};
  for (const [name, share] of /** @type {const} */ ([
    ['gc_thresh3', 1],
    ['gc_thresh2', 0.5],
    ['gc_thresh1', 0.25],
  ])) {
    const before = Number(readFileSync(file(name), 'utf8'));
    if (before >= wanted * share) continue;
    lab.neighbours[name] = before;
    writeFileSync(file(name), String(Math.ceil(wanted * share)));
  }
  save();
}

function restoreNeighbours() {
  for (const [name, before] of Object.entries(lab.neighbours ?? {}).reverse())
    writeFileSync(`/proc/sys/net/ipv4/neigh/default/${name}`, String(before));
}

function launch(number, script, words, env) {
  const dir = join(LAB, String(number));
  mkdirSync(dir, { recursive: true });
  const log = openSync(join(dir, 'log'), 'a');
  const prefix = lab.hasNamespaces ? ['ip', 'netns', 'exec', namespaceOf(number)] : [];
  const [command, ...rest] = [...prefix, process.execPath, script, ...words];
  const child = spawn(command, rest, {
    cwd: dir,
    env: { PATH: process.env.PATH, ...env },
    detached: true,
    stdio: ['ignore', log, log],
  });
  child.unref();
  return child.pid;
}

function isRunning(pid) {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Waits for the one before to end: it holds the port until it has said goodbye to everybody. */
async function startRelay(number) {
  const before = lab.relays[number]?.pid;
  if (before !== undefined) await until(() => !isRunning(before), 10);
  const { address, port, dhtPort } = placeOf(number, lab.hasNamespaces);
  const dht = placeOf(0, lab.hasNamespaces);
  const url = `ws://${address}:${port}`;
  const pid = launch(number, ENTRY, [], {
    TRACKER_HOST: address,
    TRACKER_PORT: String(port),
    TRACKER_PUBLIC_URL: url,
    DATA_DIR: 'data',
    IDENTITY_DIR: 'identity',
    RELAY_SWARM: 'lab',
    RELAY_ALLOW_PRIVATE: 'true',
    TRACKER_DHT_ENABLED: 'true',
    TRACKER_DHT_PORT: String(dhtPort),
    TRACKER_DHT_BOOTSTRAP: `${dht.address}:${dht.dhtPort}`,
    ...(lab.sessionsMax !== undefined && { RELAY_SESSIONS_MAX: lab.sessionsMax }),
  });
  lab.relays[number] = { pid, url, is: 'up' };
  save();
}

function signal(number, name, is) {
  const relay = lab?.relays[number] ?? fail(`There is no relay ${number}`);
  try {
    process.kill(relay.pid, name);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
  relay.is = is;
  save();
}

/** Reads the file that nginx would serve. */
function rosterOf(number) {
  try {
    return JSON.parse(readFileSync(join(LAB, String(number), 'data/roster.json'), 'utf8')).relays;
  } catch {
    return [];
  }
}
const numbers = () => Object.keys(lab.relays).map(Number);
const alive = () => numbers().filter((number) => lab.relays[number].is === 'up');
const urlsOf = (relays) =>
  relays
    .map(({ url }) => url)
    .sort()
    .join(' ');
const sideOf = (number) => lab.relays[number].side ?? 0;

/** Whether each living relay tells of all living ones on its side, and of nobody else. */
const isComplete = () =>
  alive().every(
    (number) =>
      urlsOf(rosterOf(number)) ===
      urlsOf(
        alive()
          .filter((other) => sideOf(other) === sideOf(number))
          .map((other) => lab.relays[other]),
      ),
  );
const isGone = (number) =>
  alive().every((other) => !rosterOf(other).some(({ url }) => url === lab.relays[number].url));

async function until(isSo, secondsMax) {
  const startedAtMs = performance.now();
  while (!isSo()) {
    if (performance.now() - startedAtMs > secondsMax * 1000) return undefined;
    await sleep(100);
  }
  return (performance.now() - startedAtMs) / 1000;
}
const tell = (what, seconds, barSeconds) =>
  console.log(
    `${what}: ${seconds === undefined ? `not within ${barSeconds * 3} s` : `${seconds.toFixed(1)} s`} (bar: ${barSeconds} s)`,
  );

async function up(count, hasNamespaces, sessionsMax) {
  if (lab !== undefined) fail('A lab is up already: "down" ends it');
  if (!existsSync(ENTRY)) fail(`Cannot start the lab: ${ENTRY} is not built yet. Run 'npm run build' first`);
  if (hasNamespaces && (process.platform !== 'linux' || process.getuid?.() !== 0)) {
    fail(
      'Cannot make network namespaces: that needs Linux and root. Leave out --namespaces, and "partition" with it',
    );
  }
  rmSync(LAB, { recursive: true, force: true });
  mkdirSync(LAB, { recursive: true });
  lab = { hasNamespaces, sessionsMax, relays: {} };
  save();
  if (hasNamespaces) {
    makeRoomForNeighbours(count);
    ip('netns', 'add', HUB);
    for (const bridge of BRIDGES) {
      ip('-n', HUB, 'link', 'add', bridge, 'type', 'bridge');
      ip('-n', HUB, 'link', 'set', bridge, 'up');
    }
    for (let number = 0; number <= count; number++) addNamespace(number);
  }
  const dht = placeOf(0, hasNamespaces);
  lab.dhtPid = launch(0, DHT_NODE, [dht.address, String(dht.dhtPort)], {});
  for (let number = 1; number <= count; number++) await startRelay(number);
  tell(
    `${count} relays: all rosters complete after the last start`,
    await until(isComplete, sessionsMax === undefined ? 45 : 270),
    sessionsMax === undefined ? 15 : 90,
  );
}

function rosters() {
  for (const number of numbers()) {
    const { url, is } = lab.relays[number];
    console.log(`relay ${number} ${url} ${is}`);
    if (is !== 'up') continue;
    for (const relay of rosterOf(number)) {
      const name = numbers().find((other) => lab.relays[other].url === relay.url);
      console.log(`    ${name}  ${relay.state}  load ${relay.load}  ${relay.ageSeconds} s old`);
    }
  }
}

function partition(cutOff) {
  if (!lab.hasNamespaces) fail('Cannot partition: this lab was not started with --namespaces');
  for (const number of numbers()) {
    const side = cutOff.includes(number) ? 1 : 0;
    ip('-n', HUB, 'link', 'set', namespaceOf(number), 'master', BRIDGES[side]);
    lab.relays[number].side = side;
  }
  save();
}

function heal() {
  for (const number of numbers()) if (lab.relays[number].is === 'frozen') signal(number, 'SIGCONT', 'up');
  if (lab.hasNamespaces) partition([]);
}

function down() {
  if (lab === undefined) return;
  for (const pid of [lab.dhtPid, ...numbers().map((number) => lab.relays[number].pid)]) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // it has ended before
    }
  }
  if (lab.hasNamespaces) {
    for (const number of [0, ...numbers()]) spawnSync('ip', ['netns', 'del', namespaceOf(number)]);
    spawnSync('ip', ['netns', 'del', HUB]);
    restoreNeighbours();
  }
  rmSync(LAB, { recursive: true, force: true });
  lab = undefined;
}

/** Resident memory in MB and open handles, on average over all that run. */
function costs() {
  const all = alive().map((number) => {
    const { pid } = lab.relays[number];
    const [, kB = '0'] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return { mb: Number(kB) / 1024, handles: readdirSync(`/proc/${pid}/fd`).length };
  });
  const mean = (pick) => Math.round(all.reduce((sum, one) => sum + pick(one), 0) / all.length);
  return `${mean(({ mb }) => mb)} MB and ${mean(({ handles }) => handles)} handles each`;
}

/** Every five seconds one is killed, and the one that was killed 30 s before comes back. */
async function churn(minutes) {
  const dead = [];
  for (const endsAtMs = performance.now() + minutes * 60_000; performance.now() < endsAtMs;) {
    const living = alive();
    const victim = living[Math.floor(Math.random() * living.length)];
    signal(victim, 'SIGKILL', 'killed');
    dead.push(victim);
    if (dead.length > 6) await startRelay(dead.shift());
    await sleep(5_000);
  }
  for (const number of dead) await startRelay(number);
  tell(
    `${minutes} minutes of churn: all rosters complete after the last start`,
    await until(isComplete, 270),
    90,
  );
}

const TRIALS = {
  kill: async () => {
    signal(2, 'SIGKILL', 'killed');
    tell('a killed relay is gone from every roster', await until(() => isGone(2), 90), 30);
    await startRelay(2);
    tell('it is back in every roster after its start', await until(isComplete, 90), 30);
  },
  freeze: async () => {
    signal(3, 'SIGSTOP', 'frozen');
    tell('a frozen relay is gone from every roster', await until(() => isGone(3), 90), 30);
    signal(3, 'SIGCONT', 'up');
    tell('it is back in every roster after its thaw', await until(isComplete, 90), 30);
  },
  stop: async () => {
    signal(4, 'SIGTERM', 'stopped');
    tell('a stopped relay is gone from every roster', await until(() => isGone(4), 90), 30);
    await startRelay(4);
    tell('it is back in every roster after its start', await until(isComplete, 90), 30);
  },
  partition: async () => {
    if (!lab.hasNamespaces) return;
    partition(numbers().slice(0, Math.floor(numbers().length / 2)));
    tell('cut in two: each half knows the loss of the other', await until(isComplete, 90), 30);
    await sleep(60_000);
    heal();
    tell('whole again after 60 s more', await until(isComplete, 180), 60);
  },
  churn,
};

async function trial(names, churnMinutes) {
  for (const name of names) {
    if (name === 'churn' && churnMinutes === 0) continue;
    console.log(`${name}: ${costs()}`);
    await (TRIALS[name] ?? fail(`There is no trial ${name}: ${Object.keys(TRIALS).join(', ')}`))(
      churnMinutes,
    );
    await sleep(5_000);
  }
  console.log(`at the end: ${costs()}`);
}

async function measure(count, hasNamespaces, sessionsMax, churnMinutes) {
  await up(count, hasNamespaces, sessionsMax);
  await sleep(5_000);
  await trial(Object.keys(TRIALS), churnMinutes);
  down();
}

const [command = 'help', ...words] = process.argv.slice(2);
const hasNamespaces = words.includes('--namespaces');
const count = Number(words.find((word) => /^\d+$/.test(word)) ?? 10);
const option = (name) => /=(\d+)$/.exec(words.find((word) => word.startsWith(`--${name}=`)) ?? '')?.[1];
const number = count;
if (lab === undefined && !['help', 'up', 'down', 'measure'].includes(command))
  fail('No lab is up: "up" starts one');
switch (command) {
  case 'up':
    await up(count, hasNamespaces, option('sessions'));
    break;
  case 'measure':
    await measure(count, hasNamespaces, option('sessions'), Number(option('churn') ?? 0)).catch((error) => {
      down();
      throw error;
    });
    break;
  case 'try':
    await trial((words[0] ?? '').split(','), Number(option('churn') ?? 0));
    break;
  case 'rosters':
    rosters();
    break;
  case 'stop':
    signal(number, 'SIGTERM', 'stopped');
    break;
  case 'kill':
    signal(number, 'SIGKILL', 'killed');
    break;
  case 'start':
    await startRelay(number);
    break;
  case 'freeze':
    signal(number, 'SIGSTOP', 'frozen');
    break;
  case 'thaw':
    signal(number, 'SIGCONT', 'up');
    break;
  case 'partition':
    partition((words[0] ?? '').split(',').map(Number));
    break;
  case 'heal':
    heal();
    break;
  case 'down':
    down();
    break;
  default:
    console.log(HELP);
}
