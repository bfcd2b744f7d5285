// The load, in a process of its own: clients that send to echoing peers through the relay. Reports over IPC what came back.
//   full:  each client keeps `window` packets under way and sends the next when one has come back
//   paced: each client sends one packet every `everyMs`, like a call
import { setTimeout as sleep } from 'node:timers/promises';
import { openClient, openPlainClient, openSocket } from './turn.mjs';

const PEERS = 8;
/** Nothing under way takes longer on loopback; what has not come back by then is lost. */
const LOST_MS = 250;
/** The payload begins with the moment that it was sent at, and the client's number. */
const HEAD_BYTES = 12;

const plan = JSON.parse(process.argv[2]);
const peers = await Promise.all(Array.from({ length: PEERS }, openEcho));
const clients = [];
let counts = emptyCounts();

for (let number = 0; number < plan.clients; number++) {
  const state = { underWay: 0, heardAt: 0 };
  const peerPort = peers[number % PEERS].address().port;
  const onPayload = (data, start) => {
    const now = performance.now();
    counts.received++;
    if (counts.latenciesMs.length < 200_000) counts.latenciesMs.push(now - data.readDoubleBE(start));
    state.heardAt = now;
    if (state.underWay > 0) state.underWay--;
    if (plan.mode === 'full') fill(client, state);
  };
  const client = await (plan.isPlain ? openPlainClient : openClient)({ ...plan, peerPort, onPayload });
  if (plan.bindsChannel) await client.bindChannel();
  clients.push({ client, state, ...client.packet(Math.max(plan.bytes, HEAD_BYTES), plan.sendsOnChannel) });
  Object.assign(client, clients.at(-1));
}

process.on('message', (message) => {
  if (message === 'count') {
    const { latenciesMs, ...rest } = counts;
    latenciesMs.sort((a, b) => a - b);
    const at = (share) => latenciesMs[Math.floor((latenciesMs.length - 1) * share)] ?? NaN;
    process.send({ ...rest, medianMs: at(0.5), p99Ms: at(0.99) });
    counts = emptyCounts();
  } else if (message === 'end') {
    process.exit();
  }
});
process.send('ready');

if (plan.mode === 'paced') {
  for (const [index, { client, state }] of clients.entries()) {
    setTimeout(
      () => setInterval(() => sendOne(client, state), plan.everyMs),
      (plan.everyMs * index) / clients.length,
    );
  }
} else {
  for (const { client, state } of clients) fill(client, state);
  // A packet that was lost would leave its client with one less for good.
  for (;;) {
    await sleep(LOST_MS);
    for (const { client, state } of clients) {
      if (performance.now() - state.heardAt < LOST_MS) continue;
      state.underWay = 0;
      fill(client, state);
    }
  }
}

function fill(client, state) {
  while (state.underWay < plan.window) sendOne(client, state);
}

function sendOne(client, state) {
  client.packet.writeDoubleBE(performance.now(), client.start);
  state.underWay++;
  counts.sent++;
  // Node keeps the buffer until the kernel has it, which is at once unless the kernel is busy.
  client.send(Buffer.from(client.packet));
}

async function openEcho() {
  const socket = await openSocket();
  socket.on('message', (data, { port, address }) => socket.send(data, port, address));
  return socket;
}

function emptyCounts() {
  return { sent: 0, received: 0, latenciesMs: [] };
}
