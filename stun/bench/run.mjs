// Measures relayed packets against node-turn and coturn: `npm run bench -w stun [-- --quick]`. What and how: README.md.
import { fork } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuSeconds, spawnOnCore, stopChild } from './process.mjs';
import { RIVALS, USER } from './rivals.mjs';

/** Native has to relay at least this many times node-turn's packets for the same processor time. */
const NODE_TURN_RATIO_MIN = 5;
/** So many packets are under way, however many clients share them: more would only fill the kernel's buffers. */
const UNDER_WAY = 64;
const CALL_EVERY_MS = 20;

const isQuick = process.argv.includes('--quick');
const seconds = isQuick ? 2 : 4;
const loads = [172, 1_200].flatMap((bytes) =>
  (isQuick ? [10] : [1, 10, 100]).map((clients) => ({ bytes, clients })),
);

async function measure(rival, load) {
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
    const full = await run(rival, server, port, {
      ...load,
      mode: 'full',
      window: Math.max(1, Math.floor(UNDER_WAY / load.clients)),
    });
    const paced = await run(rival, server, port, { ...load, mode: 'paced', everyMs: CALL_EVERY_MS });
    return { full, paced };
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
  try {
    await answer();
    await sleep(1_000);
    const first = answer();
    child.send('count');
    await first;
    const [cpuBefore, startedAt] = [cpuSeconds(server.pid), performance.now()];
    await sleep(seconds * 1_000);
    const last = answer();
    child.send('count');
    const counts = await last;
    const cpuAfter = cpuSeconds(server.pid);
    const wall = (performance.now() - startedAt) / 1_000;
    const program = cpuAfter.program - cpuBefore.program;
    const cpu = program + cpuAfter.kernel - cpuBefore.kernel;
    const packets = counts.received * 2; // there and back
    return {
      packetsPerSecond: packets / wall,
      packetsPerCpuSecond: packets / cpu,
      microsecondsPerPacket: (cpu * 1e6) / packets,
      programMicrosecondsPerPacket: (program * 1e6) / packets,
      // Up to `UNDER_WAY` packets of a full load have not had their time yet.
      lost: Math.max(
        0,
        1 - (counts.received + (load.mode === 'full' ? UNDER_WAY : load.clients)) / counts.sent,
      ),
      medianMs: counts.medianMs,
      p99Ms: counts.p99Ms,
    };
  } finally {
    child.removeAllListeners('exit');
    child.send('end', () => undefined);
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

async function freePort() {
  const socket = createSocket('udp4');
  await new Promise((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const { port } = socket.address();
  await new Promise((resolve) => socket.close(resolve));
  return port;
}

const number = (value, digits = 0) =>
  value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });

if (!existsSync(join(import.meta.dirname, '..', 'dist', 'main.js')))
  throw new Error('Cannot start: run npm run build first');
console.log(
  `Node ${process.version}, ${cpus()[0]?.model ?? 'unknown processor'}; server on core 0, load on core 1, loopback`,
);
const isMet = [];
for (const load of loads) {
  console.log(`\n### ${load.clients} clients, ${number(load.bytes)} bytes\n`);
  console.log(
    '| server | way | packets/s | µs CPU/packet | of it outside the kernel | packets/CPU s | lost | calls: median ms | p99 ms | lost |',
  );
  console.log('|---|---|---:|---:|---:|---:|---:|---:|---:|---:|');
  const perCpuSecond = new Map();
  for (const rival of RIVALS) {
    const { full, paced } = await measure(rival, load);
    perCpuSecond.set(`${rival.name}, ${rival.way}`, full.packetsPerCpuSecond);
    console.log(
      `| ${rival.name} | ${rival.way} | ${number(full.packetsPerSecond)} | ${number(full.microsecondsPerPacket, 1)} | ${number(full.programMicrosecondsPerPacket, 1)} | ${number(full.packetsPerCpuSecond)} | ${number(full.lost * 100, 2)} % | ${number(paced.medianMs, 2)} | ${number(paced.p99Ms, 2)} | ${number(paced.lost * 100, 2)} % |`,
    );
  }
  const best = (name) =>
    Math.max(...[...perCpuSecond].filter(([key]) => key.startsWith(name)).map(([, value]) => value));
  const native = perCpuSecond.get('native, channels');
  const toNodeTurn = native / best('node-turn');
  isMet.push(toNodeTurn >= NODE_TURN_RATIO_MIN);
  console.log(
    `\nnative relays ${number(toNodeTurn, 1)} × node-turn's best and ${number(native / perCpuSecond.get('coturn, channels'), 2)} × coturn's packets per CPU second (channels)`,
  );
}
const met = isMet.filter(Boolean).length;
console.log(`\nBar: at least ${NODE_TURN_RATIO_MIN} × node-turn: met in ${met} of ${isMet.length} loads`);
process.exitCode = met === isMet.length ? 0 : 1;
