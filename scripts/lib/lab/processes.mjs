// The lab's relays as processes of this machine, trackers only: many of them are light. Each may have a network namespace of its own, so that
// it can be cut off.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fail, root } from '../prepare.mjs';
import { dhtNode } from './driver.mjs';

const LAB = join(root, 'data/lab');
const STATE = join(LAB, 'state.json');
const ENTRY = join(root, 'tracker/dist/main.js');
const ENDING_MS_MAX = 10_000;
/** The switches of the lab, in a namespace of their own, where no firewall of this machine filters what they pass on. */
const HUB = 'rslab-hub';
const BRIDGES = ['side-a', 'side-b'];

/**
 * @typedef {{ pid: number, state: 'up' | 'frozen' | 'stopped', side: number }} Process
 * @typedef {{ hasNamespaces: boolean, sessionsMax?: string | undefined, dhtPid?: number | undefined, relays: Record<string, Process>,
 *   neighbours?: Record<string, number> }} Lab
 */
/** @type {Lab} */
let lab = existsSync(STATE) ? JSON.parse(readFileSync(STATE, 'utf8')) : { hasNamespaces: false, relays: {} };
const save = () => writeFileSync(STATE, JSON.stringify(lab, null, 2));

function ip(...words) {
  const { status, stderr, error } = spawnSync('ip', words, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`Cannot run ip ${words.join(' ')}: ${error?.message ?? stderr}`);
}

const namespaceOf = (number) => `rslab-${number}`;
/** Relay 0 is the DHT node. */
const placeOf = (number) =>
  lab.hasNamespaces
    ? { address: `10.213.0.${number + 1}`, port: 8000, dhtPort: 6881 }
    : { address: '127.0.0.1', port: 18_000 + number, dhtPort: 19_000 + number };
const urlOf = (number) => `ws://${placeOf(number).address}:${placeOf(number).port}`;

function addNamespace(number) {
  const name = namespaceOf(number);
  ip('netns', 'add', name);
  ip('-n', HUB, 'link', 'add', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
  ip('-n', HUB, 'link', 'set', name, 'master', BRIDGES[0], 'up');
  ip('-n', name, 'addr', 'add', `${placeOf(number).address}/24`, 'dev', 'eth0');
  ip('-n', name, 'link', 'set', 'eth0', 'up');
  ip('-n', name, 'link', 'set', 'lo', 'up');
}

/**
 * All namespaces share the kernel's table of neighbours, which has room for 1,024 by default: of 40 relays each wants an entry for each.
 * What it was is restored by "down".
 */
function makeRoomForNeighbours(count) {
  const wanted = 4 * (count + 1) ** 2;
  const before = (lab.neighbours = {});
  for (const [name, share] of /** @type {const} */ ([
    ['gc_thresh3', 1],
    ['gc_thresh2', 0.5],
    ['gc_thresh1', 0.25],
  ])) {
    const file = `/proc/sys/net/ipv4/neigh/default/${name}`;
    const now = Number(readFileSync(file, 'utf8'));
    if (now >= wanted * share) continue;
    before[name] = now;
    writeFileSync(file, String(Math.ceil(wanted * share)));
  }
  save();
}

function restoreNeighbours() {
  for (const [name, before] of Object.entries(lab.neighbours ?? {}).reverse())
    writeFileSync(`/proc/sys/net/ipv4/neigh/default/${name}`, String(before));
}

/** @returns {number} its process id */
function launch(number, words, env) {
  const dir = join(LAB, String(number));
  mkdirSync(dir, { recursive: true });
  const log = openSync(join(dir, 'log'), 'a');
  const prefix = lab.hasNamespaces ? ['ip', 'netns', 'exec', namespaceOf(number)] : [];
  const [command, ...rest] = [...prefix, process.execPath, ...words];
  const child = spawn(/** @type {string} */ (command), rest, {
    cwd: dir,
    env: { PATH: process.env.PATH, ...env },
    detached: true,
    stdio: ['ignore', log, log],
  });
  child.unref();
  return /** @type {number} */ (child.pid);
}

function isRunning(pid) {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Waits for the one before to end: it holds the port until it has said goodbye to everybody. */
async function start({ number }) {
  const before = lab.relays[number];
  for (const untilMs = performance.now() + ENDING_MS_MAX; before && isRunning(before.pid); await sleep(100))
    if (performance.now() > untilMs) break;
  const { address, port, dhtPort } = placeOf(number);
  const dht = placeOf(0);
  const pid = launch(number, [ENTRY], {
    TRACKER_HOST: address,
    TRACKER_PORT: String(port),
    TRACKER_PUBLIC_URL: urlOf(number),
    DATA_DIR: 'data',
    IDENTITY_DIR: 'identity',
    RELAY_SWARM: 'lab',
    RELAY_ALLOW_PRIVATE: 'true',
    TRACKER_DHT_ENABLED: 'true',
    TRACKER_DHT_PORT: String(dhtPort),
    TRACKER_DHT_BOOTSTRAP: `${dht.address}:${dht.dhtPort}`,
    ...(lab.sessionsMax !== undefined && { RELAY_SESSIONS_MAX: lab.sessionsMax }),
  });
  lab.relays[number] = { pid, state: 'up', side: before?.side ?? 0 };
  save();
}

/** @param {NodeJS.Signals} signal @param {Process['state']} state what it is then */
const send =
  (signal, state) =>
  ({ number }) => {
    const relay = /** @type {Process} */ (lab.relays[number]);
    try {
      process.kill(relay.pid, signal);
    } catch (error) {
      if (error.code !== 'ESRCH') throw error;
    }
    relay.state = state;
    save();
    return Promise.resolve();
  };

const relays = () =>
  Promise.resolve(
    Object.entries(lab.relays).map(([number, { state, side }]) => ({
      number: Number(number),
      where: urlOf(Number(number)),
      services: ['tracker'],
      state,
      side,
    })),
  );

/** Reads the file that nginx would serve. */
function rosterOf({ number }) {
  const numbers = new Map(Object.keys(lab.relays).map((one) => [urlOf(Number(one)), Number(one)]));
  let listed = [];
  try {
    ({ relays: listed } = JSON.parse(readFileSync(join(LAB, String(number), 'data/roster.json'), 'utf8')));
  } catch {
    // there is none yet
  }
  return Promise.resolve(listed.map((relay) => ({ ...relay, number: numbers.get(relay.url) ?? NaN })));
}

/** @param {readonly string[]} words */
function check(words) {
  const unknown = words.find((word) => word !== 'namespaces' && !/^sessions=\d+$/.test(word));
  if (unknown !== undefined)
    fail(`Relays that are processes have no "${unknown}", only namespaces, sessions=NUMBER`);
  if (Object.keys(lab.relays).length > 0) fail('A lab is up already: "down" ends it');
  if (!existsSync(ENTRY)) fail(`Cannot start the lab: ${ENTRY} is not built yet. Run 'npm run build' first`);
  if (words.includes('namespaces') && (process.platform !== 'linux' || process.getuid?.() !== 0))
    fail(
      'Cannot make network namespaces: that needs Linux and root. Leave out "namespaces", and "partition" with it',
    );
}

async function up(count, words, tell) {
  rmSync(LAB, { recursive: true, force: true });
  mkdirSync(LAB, { recursive: true });
  const sessionsMax = words.find((word) => word.startsWith('sessions='))?.split('=')[1];
  lab = { hasNamespaces: words.includes('namespaces'), sessionsMax, relays: {} };
  save();
  if (lab.hasNamespaces) {
    makeRoomForNeighbours(count);
    ip('netns', 'add', HUB);
    for (const bridge of BRIDGES) {
      ip('-n', HUB, 'link', 'add', bridge, 'type', 'bridge');
      ip('-n', HUB, 'link', 'set', bridge, 'up');
    }
    for (let number = 0; number <= count; number++) addNamespace(number);
  }
  const { address, dhtPort } = placeOf(0);
  lab.dhtPid = launch(0, ['--input-type=module', '--eval', dhtNode(dhtPort, address)], {});
  for (let number = 1; number <= count; number++) {
    await start({ number });
    tell(`relay ${number}: ${urlOf(number)}`);
  }
}

function moveTo(side, some) {
  if (!lab.hasNamespaces) fail('Cannot partition: this lab was not started with "namespaces"');
  for (const { number } of some) {
    ip('-n', HUB, 'link', 'set', namespaceOf(number), 'master', BRIDGES[side]);
    /** @type {Process} */ (lab.relays[number]).side = side;
  }
  save();
  return Promise.resolve();
}

function down() {
  const numbers = Object.keys(lab.relays);
  for (const pid of [lab.dhtPid, ...numbers.map((number) => lab.relays[number]?.pid)]) {
    try {
      if (pid !== undefined) process.kill(pid, 'SIGKILL');
    } catch {
      // it has ended before
    }
  }
  if (lab.hasNamespaces) {
    for (const number of [0, ...numbers]) spawnSync('ip', ['netns', 'del', namespaceOf(number)]);
    spawnSync('ip', ['netns', 'del', HUB]);
    restoreNeighbours();
  }
  rmSync(LAB, { recursive: true, force: true });
  lab = { hasNamespaces: false, relays: {} };
  return Promise.resolve();
}

function costs() {
  const all = Object.values(lab.relays)
    .filter(({ state }) => state === 'up')
    .map(({ pid }) => {
      const [, kB = '0'] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
      return { mb: Number(kB) / 1024, handles: readdirSync(`/proc/${pid}/fd`).length };
    });
  const mean = (pick) => Math.round(all.reduce((sum, one) => sum + pick(one), 0) / all.length);
  return Promise.resolve(`${mean(({ mb }) => mb)} MB and ${mean(({ handles }) => handles)} handles each`);
}

/** @type {import('./driver.mjs').Driver} */
export const processes = {
  check,
  up,
  relays,
  rosterOf,
  start,
  stop: send('SIGTERM', 'stopped'),
  kill: send('SIGKILL', 'stopped'),
  freeze: send('SIGSTOP', 'frozen'),
  thaw: send('SIGCONT', 'up'),
  get canPartition() {
    return lab.hasNamespaces;
  },
  /** They reach each other there. */
  partition: (some) => moveTo(1, some),
  heal: (some) => moveTo(0, some),
  down,
  costs,
};
