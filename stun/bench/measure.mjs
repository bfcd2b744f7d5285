// One measurement of a server that relays: started anew on a core of its own, loaded from another, and its processor time read from the kernel.
import { fork } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuSecondsOfAll, spawnOnCore, stopChild } from '../../bench/process.mjs';
import { USER } from './rivals.mjs';

/** So many packets are under way, however many clients share them: more would only fill the kernel's buffers. */
export const UNDER_WAY = 64;

/** Each run has a server of its own, without allocations that an earlier one has left behind. */
export async function withServer(rival, use) {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'stun-bench-'));
  const { command, args, env } = rival.server(port);
  const server = spawnOnCore(rival.cores ?? 0, command, args, {
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

export async function run({ bindsChannel, sendsOnChannel, isPlain }, server, port, { seconds, ...load }) {
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
    execArgv: ['-c', String(load.cores ?? 1), process.execPath],
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
    const [before, startedAt] = [cpuSecondsOfAll(server.pid), performance.now()];
    await sleep(seconds * 1_000);
    const counts = await count();
    const [after, wall] = [cpuSecondsOfAll(server.pid), (performance.now() - startedAt) / 1_000];
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

export const number = (value, digits = 0) =>
  value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
