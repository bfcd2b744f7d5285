// npm run bench -- --only client: what a page's own part costs, against three relays of this machine: the list of relays read and checked, the
// relays ranked for a torrent, and the next relay in use after the one in use was killed. --rounds 5: kills. `npm run build` first.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { WebSocket } from 'ws';
import { rankRelays } from '@relay-swarm/protocol/ranking';
import { freePort } from '../../../scripts/lib/free-port.mjs';
import { nodePath, stopChild, waitForPort } from '../../../bench/process.mjs';
import { tell } from '../../../bench/rows.mjs';
import { RelayChoice, Roster } from '../dist/index.js';

const tracker = join(import.meta.dirname, '../../../tracker/dist/main.js');
const { values } = parseArgs({ options: { rounds: { type: 'string', default: '20' } } });
const [ROUNDS, LOADS, RELAYS, RANKINGS] = [Number(values.rounds), 20, 1_000, 200];
const KNOWN_MS_MAX = 30_000;

// Node has one of its own from version 22 on.
globalThis.WebSocket ??= /** @type {any} */ (
  class extends WebSocket {
    /** @param {string} url */
    constructor(url) {
      super(url);
      this.on('error', () => undefined); // the close that follows says the same
    }
  }
);

/** @typedef {{ url: string, child: import('node:child_process').ChildProcess }} Relay */
const folder = mkdtempSync(join(tmpdir(), 'client-bench-'));
const ports = [await freePort(), await freePort(), await freePort()];

/** @param {number} at @returns {Promise<Relay>} */
async function start(at) {
  const port = ports[at] ?? 0;
  const child = spawn(nodePath, [tracker], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      ...{ PATH: process.env['PATH'], LOG_LEVEL: 'error', NODE_ENV: 'production' },
      ...{ DATA_DIR: join(folder, `data-${at}`), IDENTITY_DIR: join(folder, `identity-${at}`) },
      ...{ TRACKER_PORT: String(port), TRACKER_PUBLIC_URL: `ws://127.0.0.1:${port}` },
      ...{ RELAY_ALLOW_PRIVATE: 'true', RELAY_STATUS_SECONDS: '1', RELAY_RETRY_SECONDS_MAX: '2' },
      ...{ RELAY_BUSY_LOAD: '0.88', RELAY_FULL_LOAD: '0.99', RELAY_EVENT_LOOP_DELAY_FULL_MS: '10000' },
      RELAY_BOOTSTRAP: ports
        .filter((one) => one !== port)
        .map((one) => `http://127.0.0.1:${one}`)
        .join(','),
    },
  });
  await waitForPort(port, child);
  return { url: `ws://127.0.0.1:${port}`, child };
}

/** A list in which all three may be used. @param {readonly string[]} urls */
async function load(urls) {
  for (const untilMs = performance.now() + KNOWN_MS_MAX; ; await sleep(200)) {
    const roster = await Roster.load(urls, { store: null, refreshSeconds: 1 }).catch(() => undefined);
    if (roster?.relays.filter((relay) => roster.isUsable(relay)).length === ports.length) return roster;
    roster?.close();
    if (performance.now() > untilMs) throw new Error('Cannot measure: the relays do not know each other');
  }
}

/** @param {number[]} times @param {number} part */
const at = (times, part) =>
  times.toSorted((one, two) => one - two)[Math.ceil(part * times.length) - 1] ?? Infinity;

/** @type {Relay[]} */
const relays = [];
try {
  for (const [index] of ports.entries()) relays.push(await start(index));
  const urls = relays.map(({ url }) => url);
  (await load(urls)).close();

  const loads = [];
  for (let round = 0; round < LOADS; round++) {
    const beganMs = performance.now();
    const roster = await Roster.load(urls, { store: null });
    loads.push(performance.now() - beganMs);
    roster.close();
  }

  const many = Array.from({ length: RELAYS }, (_, id) => ({ id: id.toString(16).padStart(64, '0') }));
  const beganMs = performance.now();
  for (let torrent = 0; torrent < RANKINGS; torrent++)
    rankRelays(torrent.toString(16).padStart(40, '0'), many, 3);
  const rankingMs = (performance.now() - beganMs) / RANKINGS;

  const moves = [];
  for (let round = 0; round < ROUNDS; round++) {
    const roster = await load(urls);
    const choice = new RelayChoice(roster, round.toString(16).padStart(40, '0'), { k: 1 });
    await sleep(1_500); // connected
    const used = urls.indexOf(choice.relays[0]?.url ?? '');
    const moved = new Promise((resolve) => choice.on('relaychange', resolve, { once: true }));
    const killedAtMs = performance.now();
    relays[used]?.child.kill('SIGKILL');
    await moved;
    moves.push(performance.now() - killedAtMs);
    choice.close();
    roster.close();
    relays[used] = await start(used);
  }

  const row = (
    /** @type {string} */ what,
    /** @type {number} */ digits,
    /** @type {number} */ ours,
    bars = {},
  ) => tell({ group: 'client', what, digits, ours, ...bars });
  row('list of 3 relays loaded, signatures checked: ms, median', 1, at(loads, 0.5));
  row('1,000 relays ranked for a torrent: ms', 2, rankingMs);
  row(`next relay in use after a kill (${ROUNDS} kills): ms, median`, 0, at(moves, 0.5));
  row(`next relay in use after a kill (${ROUNDS} kills): ms, slowest`, 0, at(moves, 1), { max: 5_000 });
} finally {
  for (const { child } of relays) await stopChild(child);
  rmSync(folder, { recursive: true, force: true });
}
