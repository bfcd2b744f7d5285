// Servers that understand nothing: what Node and the kernel leave to any server in Node. `node floors.mjs udp|http|websocket`
import { createHash } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

const port = Number(process.env.TRACKER_PORT);
const ANNOUNCED_BYTES = 20 + 6 * 19;

const floors = {
  /** Answers every datagram with as many bytes as an announce with 19 peers. */
  udp: () => {
    const answer = Buffer.alloc(ANNOUNCED_BYTES);
    const socket = createSocket({
      type: 'udp4',
      lookup: (address, _options, found) => found(null, address, 4),
    });
    socket.on('message', (packet, from) => {
      packet.copy(answer, 4, 12, 16);
      if (packet.readUInt32BE(8) === 0) answer.writeUInt32BE(0, 0);
      else answer.writeUInt32BE(1, 0);
      socket.send(answer, from.port, from.address);
    });
    socket.bind(port, '127.0.0.1');
    createServer().listen(port, '127.0.0.1'); // says that it is there
  },
  /** Answers whatever comes and closes, without reading HTTP. */
  http: () => {
    const body = 'd8:completei1e10:incompletei1e8:intervali120e5:peers114:' + 'x'.repeat(114) + 'e';
    const answer = Buffer.from(
      `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
    );
    createServer((socket) => {
      socket.on('error', () => undefined).on('data', () => socket.end(answer));
    }).listen(port, '127.0.0.1');
  },
  /** Answers the handshake, and then each read with one frame; no HTTP parser, no state. */
  websocket: () => {
    const reply = Buffer.concat([Buffer.from([0x81, 100]), Buffer.alloc(100, 0x20)]);
    createServer((socket) => {
      let isOpen = false;
      socket
        .on('error', () => undefined)
        .on('data', (data) => {
          if (isOpen) return socket.write(reply);
          isOpen = true;
          const key = (/^sec-websocket-key: (.*)$/im.exec(data.toString('latin1'))?.[1] ?? '').trim();
          const accepted = createHash('sha1')
            .update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
            .digest('base64');
          socket.write(
            `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accepted}\r\n\r\n`,
          );
        });
    }).listen(port, '127.0.0.1');
  },
};
floors[process.argv[2]]();
process.on('SIGTERM', () => process.exit(0));
