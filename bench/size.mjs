// What each service takes with nobody there, how soon it serves, and how large what browsers load is. Each service alone, as `npm run build` left it.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { brotliCompressSync } from 'node:zlib';
import { freePort } from '../scripts/lib/free-port.mjs';
import { nodePath } from './process.mjs';
import { tell } from './rows.mjs';
import { buildClient } from '../packages/client/build.mjs';

const root = join(import.meta.dirname, '..');
const SETTLE_MS = 6_000;
const IDLE_MS = 10_000;

/** @type {(script: string[], port: number) => Promise<{ megabytes: number, startMs: number, cpuMsPerSecond: number }>} */
async function measure(script, port) {
  const folder = mkdtempSync(join(tmpdir(), 'size-bench-'));
  const startedAtMs = performance.now();
  const child = spawn(nodePath, script, {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      ...{ PATH: process.env['PATH'], LOG_LEVEL: 'warn', NODE_ENV: 'production', PORT: String(port) },
      ...{ DATA_DIR: join(folder, 'data'), IDENTITY_DIR: join(folder, 'identity'), STUN_SECRET_DIR: folder },
      ...{
        TRACKER_PORT: String(port),
        PEERJS_PORT: String(port),
        GUN_PORT: String(port),
        STUN_HTTP_PORT: String(port),
      },
      ...{
        TRACKER_DHT_ENABLED: 'false',
        STUN_PORT: String(await freePort()),
        STUN_TLS_PORT: String(await freePort()),
      },
      ...{ PUBLIC_IP: '127.0.0.1' },
    },
  });
  try {
    for (;;) {
      if (child.exitCode !== null) throw new Error(`Cannot measure: ${script.at(-1)} ended`);
      if (await isUp(port)) break;
      await sleep(20);
    }
    const startMs = performance.now() - startedAtMs;
    await sleep(SETTLE_MS);
    const before = cpuMs(child.pid ?? 0);
    await sleep(IDLE_MS);
    const cpuMsPerSecond = ((cpuMs(child.pid ?? 0) - before) / IDLE_MS) * 1_000;
    const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
    return { megabytes: Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1_024, startMs, cpuMsPerSecond };
  } finally {
    const left = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await left;
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Of all threads; the kernel counts in ticks of 10 ms. @param {number} pid */
function cpuMs(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** @param {number} port */
async function isUp(port) {
  try {
    await fetch(`http://127.0.0.1:${port}/healthz`);
    return true;
  } catch {
    return false; // not listening yet
  }
}

/** Seconds until every service answers, where all is compiled already. */
async function secondsToStart() {
  const folder = mkdtempSync(join(tmpdir(), 'start-bench-'));
  const port = async () => String(await freePort());
  const startedAtMs = performance.now();
  const child = spawn(nodePath, ['scripts/start.mjs'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...{
        PATH: process.env['PATH'],
        HOME: process.env['HOME'],
        LOG_LEVEL: 'warn',
        TRACKER_DHT_ENABLED: 'false',
      },
      ...{
        DATA_DIR: folder,
        IDENTITY_DIR: join(folder, 'identity'),
        STUN_SECRET_DIR: join(folder, 'secret'),
      },
      ...{ TRACKER_PORT: await port(), PEERJS_PORT: await port(), STUN_HTTP_PORT: await port() },
      ...{ STUN_PORT: await port(), STUN_TLS_PORT: await port() },
    },
  });
  const left = new Promise((resolve) => child.once('exit', resolve));
  try {
    let said = '';
    for await (const part of child.stdout) {
      said += part;
      if (said.includes('relay-swarm is ready')) return (performance.now() - startedAtMs) / 1_000;
    }
    throw new Error(`Cannot measure: npm start ended after\n${said}`);
  } finally {
    child.kill('SIGTERM');
    await left;
    rmSync(folder, { recursive: true, force: true });
  }
}

const bare = ['-e', 'require("http").createServer((_, r) => r.end()).listen(process.env.PORT)'];
const floor = await measure(bare, await freePort());
for (const service of ['tracker', 'peerjs', 'stun', 'gun']) {
  const own = await measure(
    ['--enable-source-maps', '--max-semi-space-size=2', join(root, service, 'dist', 'main.js')],
    await freePort(),
  );
  const row = (
    /** @type {string} */ what,
    /** @type {number} */ digits,
    /** @type {'megabytes' | 'startMs' | 'cpuMsPerSecond'} */ of,
  ) =>
    tell({
      group: 'size',
      what: `${service}: ${what}`,
      digits,
      ours: own[of],
      others: { 'bare Node server': floor[of] },
    });
  row('resident with nobody, MB', 0, 'megabytes');
  row('start until it answers, ms', 0, 'startMs');
  row('CPU with nobody, ms per second', 1, 'cpuMsPerSecond');
}
await secondsToStart(); // compiles what has changed
tell({
  group: 'size',
  what: 'npm start again: s until all are ready',
  digits: 1,
  ours: await secondsToStart(),
});
for (const { name, text } of await buildClient()) {
  tell({
    group: 'size',
    what: `${name}: KB with brotli`,
    digits: 1,
    ours: brotliCompressSync(text).length / 1_024,
    others: { 'as it is': Buffer.byteLength(text) / 1_024 },
  });
}
for (const service of ['tracker', 'peerjs', 'stun', 'gun', 'nginx']) {
  const sizeOf = (/** @type {string} */ name) =>
    Number(spawnSync('docker', ['image', 'inspect', '-f', '{{.Size}}', name], { encoding: 'utf8' }).stdout) /
    1e6;
  const own = sizeOf(`relay-swarm/${service}:local`) || sizeOf(`relay-swarm/${service}:test`);
  if (own > 0) {
    const base = service === 'nginx' ? 'debian:trixie-slim' : 'node:24-trixie-slim';
    const others = sizeOf(base) > 0 ? { [base]: sizeOf(base) } : {};
    tell({ group: 'size', what: `image of ${service}, MB`, digits: 0, ours: own, others });
  }
}
