// npm run bench -w peerjs: what a client and a message cost us, beside bare `peer` on the same machine in the same run.
// Options: --clients 10000 --rounds 3 --idle-seconds 10 --pairs 100 --negotiations 100
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { freePort } from '../../scripts/lib/free-port.mjs';
import { nodePath, nodeVersion } from '../../bench/process.mjs';
import { tell } from '../../bench/rows.mjs';

const here = import.meta.dirname;
const { values } = parseArgs({
  options: {
    clients: { type: 'string', default: '10000' },
    rounds: { type: 'string', default: '3' },
    'idle-seconds': { type: 'string', default: '10' },
    pairs: { type: 'string', default: '100' },
    negotiations: { type: 'string', default: '100' },
  },
});
const clients = Number(values.clients);
const rounds = Number(values.rounds);
const idleMs = Number(values['idle-seconds']) * 1000;
const negotiation = { pairs: Number(values.pairs), rounds: Number(values.negotiations) };
/** Runs within this of each other are the same: repeated runs of one server differ by as much. */
const NOISE = 0.03;
const STEP_MS_MAX = 180_000;

const dataDir = mkdtempSync(join(tmpdir(), 'peerjs-bench-'));
const servers = { bare: join(here, 'bare.mjs'), ours: join(here, '../dist/main.js') };
const env = {
  ...process.env,
  NODE_ENV: 'production',
  LOG_LEVEL: 'warn',
  DATA_DIR: dataDir,
  // The snapshot's price does not depend on the clients, and bare `peer` writes none: it is left out of their price.
  PEERJS_HEALTH_SECONDS: '60',
  // The load asks for more than any client may. The guard counts all the same.
  ...Object.fromEntries(
    ['CONNECTIONS', 'CONNECTIONS_PER_ADDRESS'].map((name) => [`PEERJS_${name}_MAX`, '1000000']),
  ),
  ...Object.fromEntries(
    ['REQUESTS', 'MESSAGES', 'MESSAGES_PER_ADDRESS'].flatMap((name) =>
      ['PER_SECOND', 'BURST'].map((what) => [`PEERJS_${name}_${what}`, '1000000']),
    ),
  ),
};

const hasTaskset = (() => {
  try {
    execFileSync('taskset', ['-p', String(process.pid)], { stdio: 'ignore' });
    return true;
  } catch {
    return false; // not Linux: the kernel places the processes
  }
})();

/** @param {string} file @param {number} core @param {number} port @param {string[]} execArgv */
function start(file, core, port, execArgv = []) {
  const [command, ...args] = [
    ...(hasTaskset ? ['taskset', '-c', String(core)] : []),
    nodePath,
    ...execArgv,
    file,
  ];
  return spawn(/** @type {string} */ (command), args, {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: { ...env, PEERJS_PORT: String(port) },
    cwd: dataDir,
  });
}

function ask(child, message) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`Cannot go on: no answer to ${JSON.stringify(message)}`)),
      STEP_MS_MAX,
    );
    child.once('message', (answer) => {
      clearTimeout(timer);
      resolve(answer);
    });
    child.once('exit', (code) => reject(new Error(`Cannot go on: a process ended with ${code}`)));
    child.send(message);
  });
}

async function answers(url) {
  for (const until = Date.now() + 10_000; Date.now() < until;) {
    if (
      await fetch(url).then(
        (response) => response.ok,
        () => false,
      )
    )
      return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`Cannot go on: ${url} does not answer`);
}

async function measure(name) {
  const port = await freePort();
  const server = start(servers[name], 0, port, ['--expose-gc', '--import', join(here, 'probe.mjs')]);
  const load = start(join(here, 'load.mjs'), 1, port);
  try {
    await answers(`http://127.0.0.1:${port}/`);
    await ask(load, { order: 'connect', url: `ws://127.0.0.1:${port}/peerjs`, count: 2_000 }); // warm
    await ask(load, { order: 'disconnect' });
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    const started = await ask(server, 'use');
    await new Promise((resolve) => setTimeout(resolve, idleMs));
    const empty = await ask(server, 'use');
    const emptyUsPerSecond = (empty.cpuUs - started.cpuUsAfter) / (idleMs / 1000);
    const startedMs = performance.now();
    await ask(load, { order: 'connect', url: `ws://127.0.0.1:${port}/peerjs`, count: clients });
    const connectSeconds = (performance.now() - startedMs) / 1000;
    const connected = await ask(server, 'use');
    await ask(load, { order: 'heartbeat', milliseconds: idleMs });
    const idle = await ask(server, 'use');
    await ask(load, { order: 'relay', ...negotiation, rounds: Math.ceil(negotiation.rounds / 5) }); // warm
    const before = await ask(server, 'use');
    const { done: messages } = await ask(load, { order: 'relay', ...negotiation });
    const after = await ask(server, 'use');
    return {
      'with nobody, CPU µs per second': emptyUsPerSecond,
      'connect, CPU µs per client':
        (connected.cpuUs - empty.cpuUsAfter - emptyUsPerSecond * connectSeconds) / clients,
      'idle, heap bytes per client': (connected.heap - empty.heap) / clients,
      'idle, resident bytes per client': (connected.rss - empty.rss) / clients,
      'idle, CPU µs per client and second':
        ((idle.cpuUs - connected.cpuUsAfter) / (idleMs / 1000) - emptyUsPerSecond) / clients,
      'relay, CPU µs per message': (after.cpuUs - before.cpuUsAfter) / messages,
    };
  } finally {
    load.kill('SIGKILL');
    server.kill('SIGKILL');
  }
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

execFileSync(
  process.execPath,
  [join(here, '../../node_modules/typescript/bin/tsc'), '-b', join(here, '..')],
  {
    stdio: 'inherit',
  },
);
const results = { bare: [], ours: [] };
for (let round = 0; round < rounds; round++) {
  // Each goes first as often as the other, so that a machine that grows warm or busy favours none.
  for (const name of round % 2 === 0 ? ['bare', 'ours'] : ['ours', 'bare']) {
    results[name].push(await measure(name));
    process.stdout.write(`round ${round + 1} of ${rounds}: ${name} measured\n`);
  }
}
rmSync(dataDir, { recursive: true });

process.stdout.write(
  `\n${clients} clients, node ${nodeVersion()}, median of ${rounds}${hasTaskset ? ', one core each' : ''}\n`,
);
const row = (...cells) =>
  process.stdout.write(
    `${cells[0].padEnd(38)}${cells
      .slice(1)
      .map((cell) => cell.padStart(10))
      .join('')}\n`,
  );
row('', 'bare', 'ours', 'ratio');
let holds = true;
for (const what of Object.keys(results.bare[0])) {
  const [bare, ours] = ['bare', 'ours'].map((name) => median(results[name].map((one) => one[what])));
  const ratio = ours / bare;
  holds &&= ratio <= 1 + NOISE;
  row(what, bare.toFixed(2), ours.toFixed(2), ratio.toFixed(3));
  if (process.env.BENCH_ROWS !== undefined)
    tell({ group: 'PeerJS', what, digits: 2, ours, others: { 'bare peer': bare }, ratioMax: 1 });
}
process.stdout.write(holds ? 'no worse than bare peer\n' : 'WORSE than bare peer\n');
process.exit(holds ? 0 : 1);
