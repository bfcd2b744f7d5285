// The clients of the bench, in a process and on a core of their own. Orders arrive as messages; each is answered when it is done.
import { WebSocket } from 'ws';
import { clientAddress } from '../../bench/process.mjs';

const HEARTBEAT = '{"type":"HEARTBEAT"}';
const HEARTBEAT_MS = 5_000;
const CONNECTING_MAX = 100;
/** What PeerJS sends for one connection: a description of 1.3 KB each way and some candidates. */
const CANDIDATES = 5;
const description = (type) => ({
  type: 'data',
  connectionId: 'dc_0123456789ab',
  sdp: { type, sdp: `v=0\r\n${'a=ice-options:trickle renomination\r\n'.repeat(35)}` },
  label: 'dc_0123456789ab',
  reliable: false,
  serialization: 'binary',
});
const candidate = {
  type: 'data',
  connectionId: 'dc_0123456789ab',
  candidate: {
    candidate: 'candidate:842163049 1 udp 1677729535 192.0.2.33 46154 typ srflx raddr 10.0.0.9 rport 46154',
    sdpMid: '0',
    sdpMLineIndex: 0,
    usernameFragment: 'abcd',
  },
};

/** @type {(WebSocket & { id?: string })[]} */
let clients = [];

function open(url, index) {
  return new Promise((resolve, reject) => {
    const id = `client-${index}`;
    const socket = new WebSocket(`${url}?key=peerjs&id=${id}&token=${id}token&version=1.5.5`, {
      perMessageDeflate: false,
      localAddress: clientAddress(index),
    });
    socket.once('error', reject);
    socket.once('message', () => {
      resolve(Object.assign(socket, { id }));
    });
  });
}

async function connect({ url, count }) {
  let next = 0;
  const worker = async () => {
    while (next < count) clients.push(await open(url, next++));
  };
  await Promise.all(Array.from({ length: CONNECTING_MAX }, worker));
}

/** Every client's heartbeat every 5 seconds, spread over that time. */
async function heartbeat({ milliseconds }) {
  const sliceMs = 50;
  const perSlice = Math.ceil((clients.length * sliceMs) / HEARTBEAT_MS);
  let at = 0;
  let sent = 0;
  for (const until = performance.now() + milliseconds; performance.now() < until;) {
    for (let i = 0; i < perSlice; i++, sent++) clients[at++ % clients.length].send(HEARTBEAT);
    await new Promise((resolve) => setTimeout(resolve, sliceMs));
  }
  return sent;
}

/** Pairs of clients negotiate again and again; each waits for everything from the other before it goes on. */
async function relay({ pairs, rounds }) {
  const perTurn = 1 + CANDIDATES;
  const say = (from, to, type) => {
    from.send(JSON.stringify({ type, payload: description(type.toLowerCase()), dst: to.id }));
    for (let i = 0; i < CANDIDATES; i++)
      from.send(JSON.stringify({ type: 'CANDIDATE', payload: candidate, dst: to.id }));
  };
  const hear = (socket) =>
    /** @type {Promise<void>} */ (
      new Promise((resolve) => {
        let heard = 0;
        socket.on('message', function count() {
          if (++heard < perTurn) return;
          socket.off('message', count);
          resolve();
        });
      })
    );
  const negotiate = async (one, other) => {
    for (let i = 0; i < rounds; i++) {
      const offered = hear(other);
      say(one, other, 'OFFER');
      await offered;
      const answered = hear(one);
      say(other, one, 'ANSWER');
      await answered;
    }
  };
  await Promise.all(Array.from({ length: pairs }, (_, i) => negotiate(clients[2 * i], clients[2 * i + 1])));
  return pairs * rounds * 2 * perTurn;
}

async function disconnect() {
  for (const client of clients) client.terminate();
  clients = [];
}

const orders = { connect, heartbeat, relay, disconnect };
process.on('message', ({ order, ...rest }) => {
  orders[order](rest).then(
    (done) => process.send?.({ done: done ?? 0 }),
    (error) => {
      process.stderr.write(`${error.stack}\n`);
      process.exit(1);
    },
  );
});
process.on('disconnect', () => process.exit(0));
