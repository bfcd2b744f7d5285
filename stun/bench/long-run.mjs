// Two Chromium peers that may only meet through the relay, for longer than permissions, channels and allocations live:
//   node bench/long-run.mjs [--minutes=12] [--transport=udp|tcp] [--engine=native|node-turn]
// Ends with 0 only where every message has arrived and the connection never broke.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';
import { stopChild } from '../../bench/process.mjs';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '12' },
    transport: { type: 'string', default: 'udp' },
    engine: { type: 'string', default: 'native' },
  },
});
const STUN_PORT = 23_478;
const HTTP_PORT = 23_480;
const UNDER_WAY_MAX = 2;

const folder = mkdtempSync(join(tmpdir(), 'stun-long-run-'));
const server = spawn(process.execPath, [join(import.meta.dirname, '..', 'dist', 'main.js')], {
  cwd: folder, // no .env of the operator's
  env: {
    PATH: process.env.PATH,
    LOG_LEVEL: 'warn',
    DATA_DIR: join(folder, 'data'),
    PUBLIC_IP: '127.0.0.1',
    STUN_ENGINE: values.engine,
    STUN_PORT: String(STUN_PORT),
    STUN_TLS_PORT: String(STUN_PORT + 1),
    STUN_HTTP_PORT: String(HTTP_PORT),
  },
  stdio: 'inherit',
});
const program = readFileSync(join(import.meta.dirname, 'relay-page.mjs'));
const html =
  '<script type="module">import * as program from "/program.js"; globalThis.program = program;</script>';
const pages = createServer(({ url }, response) => {
  const isProgram = url === '/program.js';
  response
    .writeHead(200, { 'content-type': isProgram ? 'text/javascript' : 'text/html' })
    .end(isProgram ? program : html);
}).listen(0, '127.0.0.1');
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--disable-background-networking',
    '--disable-sync',
  ],
});
try {
  const { iceServers } = await firstAnswer(`http://127.0.0.1:${HTTP_PORT}/ice-servers`);
  const relays = iceServers
    .filter(({ username }) => username)
    .map((one) => ({
      ...one,
      urls: one.urls.filter((url) => url.endsWith(`transport=${values.transport}`)),
    }));
  const page = await browser.newPage();
  await page.goto(
    `http://localhost:${/** @type {import('node:net').AddressInfo} */ (pages.address()).port}/`,
  );
  await page.waitForFunction('globalThis.program !== undefined');
  const connectedMs = await page.evaluate((configuration) => globalThis.program.connect(configuration), {
    iceServers: relays,
  });
  console.log(`connected after ${connectedMs} ms, now ${values.minutes} minutes of messages`);

  await sleep(Number(values.minutes) * 60_000);
  const report = await page.evaluate(() => globalThis.program.report());
  console.log(JSON.stringify(report, undefined, 2));
  const lost = [0, 1].map((side) => report.sent[side] - report.received[1 - side]);
  const isWhole =
    lost.every((count) => count <= UNDER_WAY_MAX) && report.pairs.every(({ changes }) => changes === 1);
  console.log(isWhole ? 'nothing lost, nothing broken' : `lost ${lost.join(' and ')}`);
  process.exitCode = isWhole ? 0 : 1;
} finally {
  await browser.close();
  pages.close();
  await stopChild(server);
  rmSync(folder, { recursive: true });
}

async function firstAnswer(url) {
  for (let tries = 0; tries < 100; tries++) {
    const response = await fetch(url).catch(() => undefined); // not there yet
    if (response?.ok) return response.json();
    await sleep(100);
  }
  throw new Error(`Cannot reach ${url} within 10 seconds`);
}
