// Hostile packets for the TURN server: random bytes, real messages cut, mutated, repeated and mixed up.
import { StreamFramer } from '../../src/listeners/stream-framer.ts';
import { FakeTransport, OWN_IPV4, type FakeClient } from '../turn/fake-transport.ts';
import {
  channelData,
  channelNumber,
  encode,
  evenPort,
  family,
  lifetime,
  peerAddress,
  sendIndication,
  UDP_TRANSPORT,
  type Attribute,
} from '../contracts/stun-message.ts';

const PEER = { address: '192.0.2.10', port: 5000 };

/** A generator with a seed, so that a failure can be repeated. */
export function dice(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 0x1_0000_0000) * below);
  };
}

/** One good message of every kind, sealed by the client where it has to be. */
export function everyMessage(client: FakeClient): readonly Buffer[] {
  if (client.nonce.length === 0) client.greet();
  const id = client.nextId();
  const peer = peerAddress(PEER, id);
  const peer6 = peerAddress({ address: '2001:db8:1::10', port: 5000 }, id);
  const data: Attribute = [0x0013, Buffer.from('some data')];
  return [
    encode({ method: 'binding', transactionId: id, fingerprint: true }),
    encode({ method: 'allocate', transactionId: id, attributes: [UDP_TRANSPORT] }),
    client.encode('allocate', [UDP_TRANSPORT, lifetime(900), [0x001a, Buffer.alloc(0)]], id),
    client.encode('allocate', [UDP_TRANSPORT, evenPort(true)], id),
    client.encode('allocate', [UDP_TRANSPORT, [0x8000, Buffer.from([2, 0, 0, 0])]], id),
    client.encode('allocate', [UDP_TRANSPORT, [0x0022, Buffer.alloc(8, 1)]], id),
    client.encode('refresh', [lifetime(600), family(1)], id),
    client.encode('createPermission', [peer, peer6], id),
    client.encode('createPermission', [peer], id, 'sha256'),
    client.encode('channelBind', [channelNumber(0x4000), peer], id),
    client.encode('refresh', [lifetime(0)], id),
    sendIndication(PEER, Buffer.from('some data'), [], id),
    encode({ class: 'indication', method: 'data', transactionId: id, attributes: [peer, data] }),
    encode({ class: 'success', method: 'allocate', transactionId: id, attributes: [peer] }),
    encode({
      class: 'error',
      method: 'allocate',
      transactionId: id,
      attributes: [[0x0009, Buffer.from([0, 0, 4, 1])]],
    }),
    channelData(0x4000, Buffer.from('channel data')),
  ];
}

/** Changes some bytes, or cuts, repeats or lengthens the message. */
export function mutated(message: Buffer, random: (below: number) => number): Buffer {
  const copy = Buffer.from(message);
  switch (random(6)) {
    case 0:
      return copy.subarray(0, random(copy.length + 1));
    case 1:
      return Buffer.concat([copy, copy.subarray(random(copy.length))]);
    case 2: {
      // A length that lies.
      if (copy.length >= 4) copy.writeUInt16BE(random(0x10000), 2);
      return copy;
    }
    case 3: {
      // An attribute's head that lies.
      if (copy.length >= 28)
        copy.writeUInt32BE(random(0x1_0000_0000), 20 + 4 * random((copy.length - 20) >> 2));
      return copy;
    }
    default:
      for (let times = 1 + random(4); times > 0; times--) copy[random(copy.length)] = random(256);
      return copy;
  }
}

export function noise(random: (below: number) => number): Buffer {
  const bytes = Buffer.alloc(random(200));
  for (let at = 0; at < bytes.length; at++) bytes[at] = random(256);
  // Half of it looks like STUN at first sight.
  if (bytes.length >= 20 && random(2) === 0) {
    bytes[0]! &= 0x3f;
    bytes.writeUInt16BE(bytes.length - 20, 2);
    bytes.writeUInt32BE(0x2112a442, 4);
  }
  return bytes;
}

/**
 * Sends `count` hostile packets from many sources, some of them users, to a server that also serves one good client.
 * Returns the fake afterwards; throws where the server does.
 */
export function attack(
  count: number,
  seed: number,
): { fake: FakeTransport; good: FakeClient; delivered: number } {
  const random = dice(seed);
  const fake = new FakeTransport({ limits: { unauthenticatedPerSecondMax: 100 } });
  const good = fake.client('good', { address: '203.0.113.200' });
  good.allocate();
  good.bind(0x4000, PEER);
  const relayed = { address: OWN_IPV4, port: good.allocation!.relayedAddresses[0]!.port };
  const users = Array.from({ length: 20 }, (_, at) =>
    fake.client(`user${at % 5}`, { address: `203.0.113.${at}` }),
  );
  let corpus = users.flatMap((user) => everyMessage(user).map((message) => ({ user, message })));
  let delivered = 0;

  for (let i = 0; i < count; i++) {
    if (i % 10_000 === 0) {
      // Time passes, nonces and allocations grow old, and the good client renews what it has.
      fake.advance(60_000);
      good.sent.length = 0;
      good.greet();
      good.refresh(600);
      good.bind(0x4000, PEER);
      for (const user of users) user.greet();
      corpus = users.flatMap((user) => everyMessage(user).map((message) => ({ user, message })));
    }
    const { user, message } = corpus[random(corpus.length)]!;
    const kind = random(10);
    const packet = kind < 2 ? noise(random) : kind === 2 ? Buffer.from(message) : mutated(message, random);
    const target = random(8);
    if (target === 0) {
      fake.fromPeer(PEER, { ...relayed, port: 50_000 + random(100) }, packet.toString('latin1'));
    } else {
      const source =
        target === 1
          ? fake.client('spoofed', {
              address: `198.18.${random(256)}.${random(256)}`,
              port: 1 + random(65_535),
            })
          : user;
      fake.turnServer.receive(source, packet, 0, packet.length);
    }
    for (const one of users) one.sent.length = 0;
    if (i % 100 === 0) {
      fake.toPeers.length = 0;
      good.receive(channelData(0x4000, Buffer.from('through')));
      if (fake.toPeers.at(-1)?.data === 'through') delivered++;
    }
  }
  return { fake, good, delivered };
}

/**
 * Streams of good and hostile messages, cut into chunks anywhere, from connections that are replaced when the framer has
 * heard enough. Returns how many messages got through to the server and how many connections were given up.
 */
export function attackStreams(
  count: number,
  seed: number,
): { fake: FakeTransport; messages: number; closed: number } {
  const random = dice(seed);
  const fake = new FakeTransport({ limits: { unauthenticatedPerSecondMax: 100 } });
  let messages = 0;
  let closed = 0;
  const connect = () => {
    const client = fake.client(`user${random(5)}`, { transport: 'tcp', address: `203.0.113.${random(20)}` });
    const framer = new StreamFramer(
      (data, start, end) => {
        messages++;
        fake.turnServer.receive(client, data, start, end);
      },
      () => client.allocation === undefined,
    );
    const corpus = everyMessage(client);
    // Most begin as users do; strangers are given up with their first ChannelData.
    if (random(4) > 0) client.request('allocate', [UDP_TRANSPORT]);
    return { client, framer, corpus };
  };
  let connection = connect();
  for (let i = 0; i < count;) {
    const parts = Array.from({ length: 1 + random(5) }, () => {
      const message = connection.corpus[random(connection.corpus.length)]!;
      const kind = random(20);
      // ChannelData travels padded.
      const padded = Buffer.concat([message, Buffer.alloc((4 - (message.length % 4)) % 4)]);
      return kind === 0 ? noise(random) : kind === 1 ? mutated(message, random) : padded;
    });
    i += parts.length;
    const stream = Buffer.concat(parts);
    let isFine = true;
    for (let at = 0; at < stream.length && isFine;) {
      const end = at + 1 + random(120);
      isFine = connection.framer.push(stream.subarray(at, end));
      at = end;
    }
    connection.client.sent.length = 0;
    fake.toPeers.length = 0;
    if (isFine) continue;
    fake.turnServer.disconnected(connection.client);
    closed++;
    if (closed % 20 === 0) fake.advance(31_000); // reserved ports come back
    connection = connect();
  }
  fake.turnServer.disconnected(connection.client);
  return { fake, messages, closed };
}
