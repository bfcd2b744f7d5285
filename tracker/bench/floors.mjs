// Servers that understand nothing: what Node and the kernel leave to any server in Node. `node floors.mjs udp|http|websocket|messages`
import { createHash } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import { unmask } from 'bufferutil';
import { INDEX_DIGITS, OFFER_ID_HEAD_BYTES, OFFER_ID_KEY } from './frames.mjs';

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
    const reply = frameOf(Buffer.alloc(100, 0x20));
    serve((socket) => () => socket.write(reply));
  },
  /**
   * Carries the load's messages to whom they are for, and no more: no rules, no limits, no JSON. It knows where in the load's frames the few bytes
   * stand that differ, and trusts them. What one turn has for one socket it writes at once, as the tracker does.
   */
  messages: () => {
    const SWARM = 20;
    const byIndex = [];
    const reply = frameOf(Buffer.alloc(100, 0x20));
    const key = Buffer.from(OFFER_ID_KEY);
    const indexAt = (bytes, at) => Number(bytes.latin1Slice(at, at + INDEX_DIGITS));
    const peerKey = Buffer.from('-bench+/');
    /** Frames that this turn has for a socket. */
    const queues = new Map();
    const send = (socket, frame) => {
      if (queues.size === 0) setImmediate(flush);
      const queue = queues.get(socket);
      if (queue === undefined) queues.set(socket, [frame]);
      else queue.push(frame);
    };
    const flush = () => {
      for (const [socket, queue] of queues)
        socket.write(queue.length === 1 ? queue[0] : Buffer.concat(queue));
      queues.clear();
    };
    serve((socket) => {
      let rest = Buffer.alloc(0);
      let index = -1;
      return (data) => {
        let bytes = rest.length === 0 ? data : Buffer.concat([rest, data]);
        for (;;) {
          if (bytes.length < 4) break;
          const long = (bytes[1] & 127) === 126;
          const start = long ? 8 : 6;
          const end = start + (long ? bytes.readUInt16BE(2) : bytes[1] & 127);
          if (bytes.length < end) break;
          const payload = bytes.subarray(start, end);
          unmask(payload, bytes.subarray(start - 4, start));
          bytes = bytes.subarray(end);
          const first = payload.indexOf(key);
          if (index < 0)
            byIndex[(index = indexAt(payload, payload.indexOf(peerKey) + peerKey.length))] = socket;
          if (payload.length < 4_096 && first >= 0) {
            send(byIndex[indexAt(payload, first + key.length + OFFER_ID_HEAD_BYTES)], frameOf(payload));
            continue;
          }
          send(socket, reply);
          const swarm = index - (index % SWARM);
          for (let at = first, from = payload.indexOf('"offers":[') + 10, n = 1; at >= 0; n++) {
            const to = payload.indexOf(0x7d, at + key.length + OFFER_ID_HEAD_BYTES) + 1; // the brace behind an offer
            send(byIndex[swarm + ((index + n) % SWARM)], frameOf(payload.subarray(from, to)));
            from = to + 1;
            at = payload.indexOf(key, to);
          }
        }
        rest = bytes.length === 0 ? bytes : Buffer.from(bytes);
      };
    });
  },
};

/** A text frame of a server. */
function frameOf(payload) {
  const isLong = payload.length > 125;
  const frame = Buffer.allocUnsafe(payload.length + (isLong ? 4 : 2));
  frame[0] = 0x81;
  frame[1] = isLong ? 126 : payload.length;
  if (isLong) frame.writeUInt16BE(payload.length, 2);
  payload.copy(frame, isLong ? 4 : 2);
  return frame;
}

/** Answers the handshake; what comes then is given to what `open` made for the socket. */
function serve(open) {
  createServer((socket) => {
    let take;
    socket
      .on('error', () => undefined)
      .on('data', (data) => {
        if (take !== undefined) return take(data);
        take = open(socket);
        const key = (/^sec-websocket-key: (.*)$/im.exec(data.toString('latin1'))?.[1] ?? '').trim();
        const accepted = createHash('sha1')
          .update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
          .digest('base64');
        socket.write(
          `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accepted}\r\n\r\n`,
        );
      });
  }).listen(port, '127.0.0.1');
}
floors[process.argv[2]]();
process.on('SIGTERM', () => process.exit(0));
