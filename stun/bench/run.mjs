// Measures relayed packets against node-turn and coturn: `npm run bench -w stun [-- --quick]`. What and how: README.md.
import { existsSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { nodeVersion } from '../../bench/process.mjs';
import { tell } from '../../bench/rows.mjs';
import { number, run, UNDER_WAY, withServer } from './measure.mjs';
import { RIVALS } from './rivals.mjs';

/** Native has to relay at least this many times node-turn's packets for the same processor time. */
const NODE_TURN_RATIO_MIN = 5;
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
    run(rival, server, port, { ...load, seconds, mode: 'full', window }),
  );
  if (!hasCalls) return { full };
  const plan = { ...load, seconds, mode: 'paced', everyMs: CALL_EVERY_MS };
  return { full, calls: await withServer(rival, (server, port) => run(rival, server, port, plan)) };
}

const percent = (share) => `${number(share * 100, 2)} %`;

if (!existsSync(join(import.meta.dirname, '..', 'dist', 'main.js')))
  throw new Error('Cannot start: run npm run build first');
const measured = nodeVersion();
const own = measured === process.version ? '' : ` (load and node-turn as published: ${process.version})`;
console.log(
  `Node ${measured}${own}, ${cpus()[0]?.model ?? 'unknown processor'}; server on core 0, load on core 1, loopback`,
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
