// The load, in a process of its own: clients that send through the relay, to peers that send back or (`isPaired`) to each other's
// relayed address. Reports over IPC what arrived.
//   full:  each client keeps `window` packets under way and sends the next when one has arrived
//   paced: each client sends one packet every `everyMs`, like a call
import { setTimeout as sleep } from 'node:timers/promises';
import { openClient, openPlainClient, openSocket } from './turn.mjs';

const PEERS = 10;
/** Nothing under way takes longer on loopback; what has not arrived by then is lost. */
const LOST_MS = 250;
/** Enough for a median; the payload begins with the moment that it was sent at. */
const LATENCIES_MAX = 200_000;

const plan = JSON.parse(process.argv[2]);
const peers = await Promise.all(Array.from({ length: PEERS }, openEcho));
const clients = [];
/** @type {{ sent: number, received: number, latenciesMs: number[] }} */
let counts = emptyCounts();

for (let number = 0; number < plan.clients; number++) {
  const one = { underWay: 0, heardAt: 0, turn: 0 };
  clients.push(one);
  const onPayload = (data, start) => {
    const now = performance.now();
    counts.received++;
    if (counts.latenciesMs.length < LATENCIES_MAX) counts.latenciesMs.push(now - data.readDoubleBE(start));
    const { sender } = one;
    sender.heardAt = now;
    if (sender.underWay > 0) sender.underWay--;
    if (plan.mode === 'full') fill(sender);
  };
  one.client = await (plan.isPlain ? openPlainClient : openClient)({ ...plan, onPayload });
}
for (const [number, one] of clients.entries()) {
  // Whose payloads arrive here: its own, which a peer has sent back, or those of the other one in the pair.
  one.sender = plan.isPaired ? clients[number ^ 1] : one;
  const peerPorts = plan.isPaired
    ? [one.sender.client.relayedPort]
    : Array.from({ length: plan.peers }, (_, index) => peers[(number + index) % PEERS].address().port);
  one.packets = await one.client.reach(peerPorts, plan);
}

process.on('message', (message) => {
  if (message === 'count') {
    const { latenciesMs, ...rest } = counts;
    latenciesMs.sort((a, b) => a - b);
    const at = (share) => latenciesMs[Math.floor((latenciesMs.length - 1) * share)] ?? NaN;
    process.send?.({ ...rest, medianMs: at(0.5), p99Ms: at(0.99) });
    counts = emptyCounts();
  }
});
process.send?.('ready');

if (plan.mode === 'paced') {
  for (const [index, one] of clients.entries()) {
    setTimeout(() => setInterval(() => sendOne(one), plan.everyMs), (plan.everyMs * index) / clients.length);
  }
} else {
  clients.forEach(fill);
  // A packet that was lost would leave its client with one less for good.
  for (;;) {
    await sleep(LOST_MS);
    for (const one of clients) {
      if (performance.now() - one.heardAt < LOST_MS) continue;
      one.underWay = 0;
      fill(one);
    }
  }
}

function fill(one) {
  while (one.underWay < plan.window) sendOne(one);
}

/** To the client's peers in turn. The buffer is copied: Node may keep it until the kernel has room. */
function sendOne(one) {
  const { packet, start } = one.packets[one.turn++ % one.packets.length];
  packet.writeDoubleBE(performance.now(), start);
  one.underWay++;
  counts.sent++;
  one.client.send(Buffer.from(packet));
}

async function openEcho() {
  const socket = await openSocket();
  socket.on('message', (data, { port, address }) => socket.send(data, port, address));
  return socket;
}

function emptyCounts() {
  return { sent: 0, received: 0, latenciesMs: [] };
}
