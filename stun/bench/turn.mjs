// A TURN client over UDP that costs as little as it can: what it sends again and again is written once.
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { longTermKey } from '../dist/stun/integrity.js';
import { MessageReader } from '../dist/stun/message-reader.js';
import { MessageWriter } from '../dist/stun/message-writer.js';
import { PacketArena } from '../dist/stun/packet-arena.js';
import { ATTRIBUTE, CLASS, METHOD, PROTOCOL_UDP } from '../dist/stun/constants.js';

const RETRANSMIT_MS = 300;
const TRIES_MAX = 10;
const FIRST_CHANNEL = 0x4000;
const udpTransport = PROTOCOL_UDP * 2 ** 24;

/** A socket whose packets leave at once, without the turn of the event loop that Node's name look-up takes. */
export async function openSocket() {
  const socket = createSocket({
    type: 'udp4',
    lookup: (address, _options, callback) => callback(null, address, 4),
  });
  /** @type {Promise<void>} */
  const bound = new Promise((resolve, reject) => socket.once('error', reject).bind(0, '127.0.0.1', resolve));
  await bound;
  return socket;
}

/** @param {MessageReader} message @param {number} type */
function attribute(message, type) {
  const bytes = message.bytes(type);
  if (bytes === undefined)
    throw new Error(`Cannot go on: the answer has no attribute 0x${type.toString(16)}`);
  return bytes;
}

/** Allocates; `onPayload(buffer, start)` gets what peers send. */
export async function openClient({ server, user, onPayload }) {
  const socket = await openSocket();
  const waiting = new Map();
  socket.on('message', (data) => {
    if (data[0] >= 0x40) onPayload(data, 4);
    else if (data.readUInt16BE(0) === (METHOD.data | CLASS.indication)) onPayload(data, payloadStart(data));
    else waiting.get(data.toString('hex', 8, 20))?.(data);
  });
  const writer = new MessageWriter(new PacketArena());
  let signed;

  const request = async (method, write) => {
    const id = randomBytes(12);
    writer.begin(CLASS.request, method, id);
    write(writer);
    if (signed) {
      writer.bytes(ATTRIBUTE.username, Buffer.from(user.username));
      writer
        .bytes(ATTRIBUTE.realm, signed.realm)
        .bytes(ATTRIBUTE.nonce, signed.nonce)
        .integrity('sha1', signed.key);
    }
    writer.finish();
    const bytes = Buffer.from(writer.data.subarray(writer.start, writer.end));
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      socket.send(bytes, server.port, server.host);
      const answer = await new Promise((resolve) => {
        waiting.set(id.toString('hex'), resolve);
        setTimeout(resolve, RETRANSMIT_MS);
      });
      if (answer) return read(answer);
    }
    throw new Error(`Cannot go on: no answer to method ${method}`);
  };
  const wanted = async (method, write) => {
    const message = await request(method, write);
    if (message.class === CLASS.success) return message;
    const error = attribute(message, ATTRIBUTE.errorCode);
    throw new Error(`Cannot go on: method ${method} got error ${error[2] * 100 + error[3]}`);
  };
  const peer = (write, port) => write.xorAddress(ATTRIBUTE.xorPeerAddress, '127.0.0.1', port);

  const challenge = await request(METHOD.allocate, (to) =>
    to.number(ATTRIBUTE.requestedTransport, udpTransport),
  );
  const realm = Buffer.from(attribute(challenge, ATTRIBUTE.realm));
  const nonce = Buffer.from(attribute(challenge, ATTRIBUTE.nonce));
  signed = { realm, nonce, key: longTermKey(user.username, realm.toString(), user.password) };
  const allocated = await wanted(METHOD.allocate, (to) =>
    to.number(ATTRIBUTE.requestedTransport, udpTransport),
  );
  const relayed = attribute(allocated, ATTRIBUTE.xorRelayedAddress);
  return {
    /** The port is xored with the first half of the magic cookie (RFC 8489 §14.2). */
    relayedPort: ((relayed[2] << 8) | relayed[3]) ^ 0x2112,
    /** Lets the peers in. For each the packet around a payload of that many bytes, and where the payload begins. */
    reach: async (peerPorts, { bytes, bindsChannel, sendsOnChannel }) => {
      await wanted(METHOD.createPermission, (to) => peer(to, peerPorts[0]));
      for (const [index, port] of bindsChannel ? peerPorts.entries() : []) {
        const number = (FIRST_CHANNEL + index) * 65_536;
        await wanted(METHOD.channelBind, (to) => peer(to.number(ATTRIBUTE.channelNumber, number), port));
      }
      return peerPorts.map((port, index) =>
        sendsOnChannel
          ? channelPacket(bytes, FIRST_CHANNEL + index)
          : sendIndication(writer, (to) => peer(to, port), bytes),
      );
    },
    send: (packet) => socket.send(packet, server.port, server.host),
  };
}

/** The same for a forwarder, which wants to know nothing but the peer's port. */
export async function openPlainClient({ server, onPayload }) {
  const socket = await openSocket();
  return {
    reach: async ([peerPort], { bytes }) => {
      const hello = Buffer.from([0x50, peerPort >> 8, peerPort & 0xff]);
      await new Promise((resolve) => {
        socket.once('message', resolve);
        socket.send(hello, server.port, server.host);
      });
      socket.on('message', (data) => onPayload(data, 4));
      return [channelPacket(bytes, FIRST_CHANNEL)];
    },
    send: (packet) => socket.send(packet, server.port, server.host),
  };
}

function channelPacket(bytes, channel) {
  const packet = Buffer.alloc(4 + bytes);
  packet.writeUInt16BE(channel, 0);
  packet.writeUInt16BE(bytes, 2);
  return { packet, start: 4 };
}

function sendIndication(writer, peer, bytes) {
  writer.begin(CLASS.indication, METHOD.send, randomBytes(12), bytes + 100);
  peer(writer);
  writer.bytes(ATTRIBUTE.data, Buffer.alloc(bytes)).finish();
  return {
    packet: Buffer.from(writer.data.subarray(writer.start, writer.end)),
    start: writer.end - writer.start - ((bytes + 3) & ~3),
  };
}

function read(bytes) {
  const message = new MessageReader();
  if (!message.read(bytes, 0, bytes.length))
    throw new Error(`Cannot read an answer: ${bytes.toString('hex')}`);
  return message;
}

/** Where DATA's value begins in a Data indication, whatever stands before it. */
function payloadStart(data) {
  for (let at = 20; at + 4 <= data.length; at += 4 + ((data.readUInt16BE(at + 2) + 3) & ~3)) {
    if (data.readUInt16BE(at) === ATTRIBUTE.data) return at + 4;
  }
  throw new Error('Cannot find DATA in an indication');
}
