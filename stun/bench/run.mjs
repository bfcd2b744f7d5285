// Measures relayed packets against node-turn and coturn: `npm run bench -w stun [-- --quick]`. What and how: README.md.
import { fork } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { tell } from '../../bench/rows.mjs';
import { cpuSeconds, spawnOnCore, stopChild } from '../../bench/process.mjs';
import { RIVALS, USER } from './rivals.mjs';

/** Native has to relay at least this many times node-turn's packets for the same processor time. */
const NODE_TURN_RATIO_MIN = 5;
/** So many packets are under way, however many clients share them: more would only fill the kernel's buffers. */
const UNDER_WAY = 64;
const CALL_EVERY_MS = 20;

const isQuick = process.argv.includes('--quick');
const seconds = isQuick ? 2 : 3;
const sizes = [172, 1_200];
/** `calls`: latency and loss at an even pace are measured too. */
const loads = sizes.flatMap((bytes) =>
  (isQuick ? [10] : [1, 10, 100]).map((clients) => ({
    bytes,
    clients,
    peers: 1,
    isPaired: false,
    hasCalls: clients === 10,
  })),
);
// A member of a mesh that is relayed to all its neighbours.
loads.push({ bytes: 172, clients: 10, peers: 10, isPaired: false, hasCalls: false });
// Two clients of the same relay that can only be reached through it.
loads.push({ bytes: 172, clients: 10, peers: 1, isPaired: true, hasCalls: false });

async function measure(rival, { hasCalls, ...load }) {
  const window = Math.max(1, Math.floor(UNDER_WAY / load.clients));
  const full = await withServer(rival, (server, port) =>
    run(rival, server, port, { ...load, mode: 'full', window }),
  );
  if (!hasCalls) return { full };
  const plan = { ...load, mode: 'paced', everyMs: CALL_EVERY_MS };
  return { full, calls: await withServer(rival, (server, port) => run(rival, server, port, plan)) };
}

/** Each run has a server of its own, without allocations that an earlier one has left behind. */
async function withServer(rival, use) {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'stun-bench-'));
  const { command, args, env } = rival.server(port);
  const server = spawnOnCore(0, command, args, {
    cwd: folder, // no .env of the operator's
    env: { PATH: process.env.PATH, DATA_DIR: join(folder, 'data'), ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  try {
    await untilItAnswers(server, port);
    return await use(server, port);
  } finally {
    await stopChild(server);
    rmSync(folder, { recursive: true, force: true });
  }
}

async function run({ bindsChannel, sendsOnChannel, isPlain }, server, port, load) {
  const plan = {
    ...load,
    bindsChannel,
    sendsOnChannel,
    isPlain,
    server: { host: '127.0.0.1', port },
    user: USER,
  };
  const child = fork(join(import.meta.dirname, 'load.mjs'), [JSON.stringify(plan)], {
    execPath: 'taskset',
    execArgv: ['-c', '1', process.execPath],
  });
  const answer = () =>
    new Promise((resolve, reject) => {
      child.once('message', resolve);
      child.once('exit', (code) => reject(new Error(`Cannot go on: the load left with code ${code}`)));
    });
  const count = () => {
    const counted = answer();
    child.send('count');
    return counted;
  };
  try {
    await answer();
    await sleep(1_000);
    await count();
    const [before, startedAt] = [cpuSeconds(server.pid), performance.now()];
    await sleep(seconds * 1_000);
    const counts = await count();
    const [after, wall] = [cpuSeconds(server.pid), (performance.now() - startedAt) / 1_000];
    const program = after.program - before.program;
    const cpu = program + after.kernel - before.kernel;
    const packets = counts.received * (load.isPaired ? 1 : 2); // otherwise there and back
    // What was sent last has not had its time yet.
    const underWay = load.mode === 'full' ? Math.max(UNDER_WAY, load.clients) : load.clients;
    return {
      packetsPerSecond: packets / wall,
      packetsPerCpuSecond: packets / cpu,
      microsecondsPerPacket: (cpu * 1e6) / packets,
      programMicrosecondsPerPacket: (program * 1e6) / packets,
      lost: Math.max(0, 1 - (counts.received + underWay) / counts.sent),
      medianMs: counts.medianMs,
      p99Ms: counts.p99Ms,
    };
  } finally {
    child.removeAllListeners('exit');
    await stopChild(child);
  }
}

/** A Binding request, until there is an answer. */
async function untilItAnswers(server, port) {
  const socket = createSocket('udp4');
  const request = Buffer.from('000100002112a442000102030405060708090a0b', 'hex');
  let answered = false;
  socket.on('message', () => (answered = true));
  for (let tries = 0; tries < 100 && !answered; tries++) {
    if (server.exitCode !== null)
      throw new Error(`Cannot go on: the server left with code ${server.exitCode}`);
    socket.send(request, port, '127.0.0.1');
    await sleep(100);
  }
  socket.close();
  if (!answered) throw new Error('Cannot reach the server within 10 seconds');
}

/** A port that is free for UDP and TCP, and the two above it, below those that the system hands out. */
async function freePort() {
  for (let tries = 0; tries < 50; tries++) {
    const port = 14_000 + Math.floor(Math.random() * 1_000) * 3;
    const isFree = await Promise.all(
      [0, 1, 2].flatMap((offset) => [canBind(port + offset), canListen(port + offset)]),
    );
    if (isFree.every(Boolean)) return port;
  }
  throw new Error('Cannot find a free port');
}

function canBind(port) {
  const socket = createSocket('udp4');
  return new Promise((resolve) => {
    socket.once('error', () => resolve(false));
    socket.bind(port, '127.0.0.1', () => socket.close(() => resolve(true)));
  });
}

function canListen(port) {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

const number = (value, digits = 0) =>
  value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });

const percent = (share) => `${number(share * 100, 2)} %`;

if (!existsSync(join(import.meta.dirname, '..', 'dist', 'main.js')))
  throw new Error('Cannot start: run npm run build first');
console.log(
  `Node ${process.version}, ${cpus()[0]?.model ?? 'unknown processor'}; server on core 0, load on core 1, loopback`,
);
const isMet = [];
for (const load of loads) {
  const among = load.isPaired ? 'in pairs that send to each other' : `with ${load.peers} peers each`;
  console.log(`\n### ${load.clients} clients ${among}, ${number(load.bytes)} bytes\n`);
  console.log(
    '| server | way | packets/s | µs CPU/packet | of it outside the kernel | packets/CPU s | lost | calls: median, p99 ms, lost |',
  );
  console.log('|---|---|---:|---:|---:|---:|---:|---:|');
  const perCpuSecond = new Map();
  for (const rival of load.peers === 1 && !load.isPaired
    ? RIVALS
    : RIVALS.filter(({ isPlain }) => !isPlain)) {
    const { full, calls } = await measure(rival, load);
    perCpuSecond.set(`${rival.name}, ${rival.way}`, full.packetsPerCpuSecond);
    const cells = [
      rival.name,
      rival.way,
      number(full.packetsPerSecond),
      number(full.microsecondsPerPacket, 1),
      number(full.programMicrosecondsPerPacket, 1),
      number(full.packetsPerCpuSecond),
      percent(full.lost),
      calls === undefined
        ? ''
        : `${number(calls.medianMs, 2)}, ${number(calls.p99Ms, 2)}, ${percent(calls.lost)}`,
    ];
    console.log(`| ${cells.join(' | ')} |`);
  }
  const best = (name) =>
    Math.max(...[...perCpuSecond].filter(([key]) => key.startsWith(name)).map(([, value]) => value));
  const native = perCpuSecond.get('native, channels');
  const others = Object.fromEntries(
    [...perCpuSecond].filter(([name]) => name !== 'native, channels' && /channels|forwarder/.test(name)),
  );
  tell({
    group: 'TURN',
    what: `${load.clients} clients ${among}, ${number(load.bytes)} bytes: packets per CPU second`,
    digits: 0,
    ours: native,
    others,
    ...(others['coturn, channels'] === undefined ? {} : { beside: 'coturn, channels' }),
  });
  const toNodeTurn = native / best('node-turn');
  isMet.push(toNodeTurn >= NODE_TURN_RATIO_MIN);
  console.log(
    `\nnative relays ${number(toNodeTurn, 1)} × node-turn's best and ${number(native / perCpuSecond.get('coturn, channels'), 2)} × coturn's packets per CPU second (channels)`,
  );
}
const met = isMet.filter(Boolean).length;
console.log(`\nBar: at least ${NODE_TURN_RATIO_MIN} × node-turn: met in ${met} of ${isMet.length} loads`);
if (met < isMet.length)
  console.log('The forwarders show how much of that Node and the kernel leave to any server: README.md');
