// BitTorrent announces over UDP or HTTP, in a closed loop: `node announces.mjs <json: kind, port, pids, seconds, warmUpSeconds>`.
// HTTP: a connection for each announce, as BitTorrent clients do it. Swarms of 20 peers.
import { createHash } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuMicroseconds } from '../../bench/process.mjs';

const { kind, port, pids, seconds, warmUpSeconds } = JSON.parse(process.argv[2]);
const SOCKETS = 40;
const UNDER_WAY = 100;
const SWARMS = 50;
const PEERS = 1_000;
const LOST_AFTER_MS = 500;

let answered = 0;
let lost = 0;
let failures = 0;
const hashes = Array.from({ length: SWARMS }, (_, swarm) =>
  createHash('sha1').update(`swarm ${swarm}`).digest(),
);

/** Each socket has a few announces under way; what is not answered in time is lost, and another one is sent. */
function runUdp() {
  for (let index = 0; index < SOCKETS; index++) {
    const socket = createSocket({
      type: 'udp4',
      lookup: (address, _options, found) => found(null, address, 4),
    });
    const connectPacket = Buffer.alloc(16);
    connectPacket.writeBigUInt64BE(0x417_2710_1980n, 0);
    const announce = Buffer.alloc(98);
    announce.writeUInt32BE(1, 8);
    announce.writeBigUInt64BE(1_000n, 64);
    announce.writeInt32BE(50, 92);
    let number = index;
    let heardAtMs = performance.now();
    const send = () => {
      number = (number + SOCKETS) % PEERS;
      hashes[number % SWARMS].copy(announce, 16);
      announce.write(`-WW0208-bench+/${String(number).padStart(5, '0')}`, 36, 'latin1');
      announce.writeUInt16BE(10_000 + number, 96);
      announce.writeUInt32BE(number, 12);
      socket.send(announce, port, '127.0.0.1');
    };
    const start = () => {
      for (let i = 0; i < Math.ceil(UNDER_WAY / SOCKETS); i++) send();
    };
    socket.on('message', (packet) => {
      heardAtMs = performance.now();
      if (packet.readUInt32BE(0) === 0) {
        packet.copy(announce, 0, 8, 16);
        start();
      } else {
        if (packet.readUInt32BE(0) === 3) failures++;
        answered++;
        send();
      }
    });
    socket.send(connectPacket, port, '127.0.0.1');
    setInterval(() => {
      if (performance.now() - heardAtMs < LOST_AFTER_MS) return;
      lost++;
      if (announce.readUInt32BE(0) === 0 && announce.readUInt32BE(4) === 0)
        socket.send(connectPacket, port, '127.0.0.1');
      else start();
    }, LOST_AFTER_MS).unref();
  }
}

function runHttp() {
  const escape = (bytes) => [...bytes].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
  const requests = Array.from(
    { length: PEERS },
    (_, number) =>
      `GET /announce?info_hash=${escape(hashes[number % SWARMS])}&peer_id=-WW0208-benchxx${String(number).padStart(5, '0')}&port=${10_000 + number}&uploaded=0&downloaded=0&left=1000&compact=1&numwant=50 HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench/1\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n`,
  );
  let number = 0;
  const one = () => {
    number = (number + 1) % PEERS;
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => socket.write(requests[number]));
    let isAnswered = false;
    socket.on('data', (data) => {
      isAnswered = true;
      if (data.toString('latin1', 9, 12) !== '200' || data.includes('failure reason')) failures++;
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      if (isAnswered) answered++;
      else lost++;
      one();
    });
  };
  for (let i = 0; i < SOCKETS; i++) one();
}

if (kind === 'udp') runUdp();
else runHttp();
const cpu = () => pids.map(cpuMicroseconds).reduce((a, b) => a + b, 0);
await sleep(warmUpSeconds * 1_000);
const [before, answeredBefore, ownBefore] = [cpu(), answered, cpuMicroseconds(process.pid)];
await sleep(seconds * 1_000);
const [used, own, count] = [
  cpu() - before,
  cpuMicroseconds(process.pid) - ownBefore,
  answered - answeredBefore,
];
const result = {
  perCpuSecond: (count / used) * 1e6,
  perSecond: count / seconds,
  serverCores: used / 1e6 / seconds,
  loadCores: own / 1e6 / seconds,
  ...{ lost, failures },
};
process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
