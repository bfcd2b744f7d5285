// What node-turn as published does to its operator, over real datagrams: behind the wall none of it happens.
import { randomBytes, randomInt } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isPromise } from 'node:util/types';
import type { Endpoint, TurnEngine, TurnEngineOptions, TurnLimits } from '../../src/engine.ts';
import { ATTRIBUTE, CLASS, METHOD } from '../../src/native/vocabulary.ts';
import { createNodeTurnEngine } from '../../src/node-turn/engine.ts';
import { loopbackOptions, SECRET, userOf } from '../support/engine-options.ts';
import { channelData, TurnClient, wantUdp } from '../support/turn-client.ts';

let engine: TurnEngine;
const open: { close(): void }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) one.close();
  await engine.stop();
});

async function start(
  options: Partial<TurnEngineOptions> = {},
  limits: Partial<TurnLimits> = {},
): Promise<Endpoint> {
  engine = createNodeTurnEngine(loopbackOptions(options, limits));
  await engine.start();
  return engine.listening()[0]!;
}

async function client(server: Endpoint): Promise<TurnClient> {
  const one = await TurnClient.open(server);
  open.push(one);
  return one;
}

async function peerSocket(): Promise<Socket & { at: Endpoint }> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  open.push(socket);
  return Object.assign(socket, { at: { host: '127.0.0.1', port: socket.address().port } });
}

/** Waits until everything that was sent before has been handled; the kernel may drop a question after a flood. */
const settle = async (server: Endpoint): Promise<void> => {
  const asker = await client(server);
  const ask = () => asker.request(METHOD.binding);
  const { code } = await ask().catch(ask).catch(ask);
  expect(code).toBe(0);
};

describe('node-turn behind the wall', () => {
  it('relays both ways, by indication and by channel', async () => {
    const server = await start();
    const alice = await client(server);
    const peer = await peerSocket();
    const relayed = await alice.allocate(userOf('alice'));

    expect((await alice.permit(peer.at)).code).toBe(0);
    alice.indicate(peer.at, Buffer.from('by indication'));
    const [first, from] = await once(peer, 'message');
    expect([String(first), from.port]).toEqual(['by indication', relayed.port]);
    peer.send('back', relayed.port, relayed.host);
    expect(await alice.receive()).toEqual({ payload: Buffer.from('back'), from: peer.at });

    expect((await alice.bind(0x4000, peer.at)).code).toBe(0);
    alice.sendOnChannel(0x4000, Buffer.from('by channel'));
    expect(String((await once(peer, 'message'))[0])).toBe('by channel');
    peer.send('back again', relayed.port, relayed.host);
    expect(await alice.receive()).toEqual({ payload: Buffer.from('back again'), from: 0x4000 });
    expect(engine.stats()).toMatchObject({
      packetsToPeers: 2,
      packetsToClients: 2,
      bytesToPeers: 23,
      bytesToClients: 14,
    });
  });

  it('seals every answer, ChannelBind’s too (without it Chromium gives a relay up after 40 s)', async () => {
    const server = await start();
    const alice = await client(server);
    const peer = await peerSocket();
    await alice.allocate(userOf('alice'));
    for (const answer of [
      await alice.permit(peer.at),
      await alice.bind(0x4000, peer.at),
      await alice.refresh(600),
    ]) {
      expect(answer.code).toBe(0);
      expect(answer.message.has(ATTRIBUTE.messageIntegrity)).toBe(true);
      expect(answer.message.hasFingerprint).toBe(true);
    }
  });

  it('keeps an allocation that is refreshed (as published, each Refresh ends it)', async () => {
    const server = await start();
    const alice = await client(server);
    await alice.allocate(userOf('alice'));
    const { message } = await alice.refresh(1_200);
    expect(message.number(ATTRIBUTE.lifetime, 4)).toBe(1_200);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect((await alice.refresh(0)).message.number(ATTRIBUTE.lifetime, 4)).toBe(0);
    expect((await alice.refresh(600)).code).toBe(437);
  });

  it('gives the port back when an allocation ends (as published, never)', async () => {
    const server = await start({ relayPortMin: 41_000, relayPortMax: 41_001 });
    for (let round = 0; round < 10; round++) {
      const alice = await client(server);
      await alice.allocate(userOf('alice'));
      expect(engine.stats()).toMatchObject({ allocations: 1, relayPortsFree: 1 });
      await alice.refresh(0);
      expect(engine.stats()).toMatchObject({ allocations: 0, relayPortsFree: 2 });
    }
  });

  it('answers a repeated Allocate with the same address, and another one with 437', async () => {
    const server = await start();
    const alice = await client(server);
    await alice.login(userOf('alice'));
    const request = alice.message(CLASS.request, METHOD.allocate, wantUdp);
    const first = await alice.exchange(request);
    const second = await alice.exchange(request);
    expect(second.bytes).toEqual(first.bytes);
    expect((await alice.request(METHOD.allocate, wantUdp)).code).toBe(437);
    expect(engine.stats().allocationsTotal).toBe(1);
  });

  it.each([
    ['constructor', 'function Object() { [native code] }'],
    ['__proto__', '[object Object]'],
    ['toString', 'function toString() { [native code] }'],
    ['hasOwnProperty', 'function hasOwnProperty() { [native code] }'],
  ])('does not let the user %s in', async (username, password) => {
    const server = await start();
    const mallory = await client(server);
    await expect(mallory.allocate({ username, password })).rejects.toThrow('Cannot allocate: 401');
    expect(engine.stats()).toMatchObject({ allocations: 0, authFailures: { unknownUser: 1 } });
  });

  it.each([
    ['a wrong password', { ...userOf('alice'), password: 'wrong' }],
    ['an expired credential', userOf('alice', -1)],
  ])('refuses %s', async (_case, user) => {
    const server = await start();
    await expect((await client(server)).allocate(user)).rejects.toThrow('Cannot allocate: 401');
  });

  it('keeps no memory of strangers (as published, 1.7 kB of each for an hour)', async () => {
    const server = await start();
    const stranger = await client(server);
    const nonces = new Set<string>();
    for (let i = 0; i < 200; i++) {
      const { code, message } = await stranger.request(METHOD.allocate, wantUdp);
      expect(code).toBe(401);
      nonces.add(message.text(ATTRIBUTE.nonce)!);
    }
    expect(nonces.size).toBeLessThan(10); // one for each second, made anew from the time
  });

  it('limits what strangers are answered', async () => {
    const server = await start({}, { unauthenticatedPerSecondMax: 5 });
    const stranger = await client(server);
    const answers = Array.from({ length: 50 }, () => stranger.request(METHOD.binding));
    const settled = await Promise.allSettled(answers);
    expect(settled.filter(({ status }) => status === 'fulfilled').length).toBeLessThanOrEqual(10);
    expect(engine.stats().drops.rateLimit).toBeGreaterThan(0);
  });

  it('lives on when peers send what node-turn cannot read (as published, one datagram ends the process)', async () => {
    const server = await start();
    const alice = await client(server);
    const peer = await peerSocket();
    const relayed = await alice.allocate(userOf('alice'));
    await alice.permit(peer.at);
    const deadly = ['', '00', '4000', '400000', '7f', '40000005', '4000ffff00', '7ffe0001aa'].map((hex) =>
      Buffer.from(hex, 'hex'),
    );
    for (const datagram of deadly) peer.send(datagram, relayed.port, relayed.host);
    await alice.bind(0x4000, peer.at);
    for (const datagram of deadly) peer.send(datagram, relayed.port, relayed.host);
    peer.send('still here', relayed.port, relayed.host);
    let received = await alice.receive();
    while (String(received.payload) !== 'still here') received = await alice.receive();
    expect(engine.stats().drops.malformed).toBeGreaterThanOrEqual(10);
  });

  it('lives on when clients send anything at all', async () => {
    const server = await start();
    const alice = await client(server);
    const peer = await peerSocket();
    await alice.allocate(userOf('alice'));
    await alice.permit(peer.at);
    const seeds = [
      alice.message(CLASS.request, METHOD.binding, () => undefined),
      alice.message(CLASS.request, METHOD.allocate, wantUdp),
      alice.message(CLASS.request, METHOD.refresh, (writer) => writer.number(ATTRIBUTE.lifetime, 600)),
      alice.message(CLASS.indication, METHOD.send, (writer) =>
        writer
          .xorAddress(ATTRIBUTE.xorPeerAddress, '127.0.0.1', peer.at.port)
          .bytes(ATTRIBUTE.data, randomBytes(20)),
      ),
      channelData(0x4000, randomBytes(20)),
    ];
    for (const seed of seeds)
      for (let bytes = 0; bytes <= seed.length; bytes++) alice.send(seed.subarray(0, bytes));
    for (let i = 0; i < 20_000; i++) {
      const datagram = i % 4 === 0 ? randomBytes(randomInt(0, 200)) : Buffer.from(seeds[i % seeds.length]!);
      for (let changes = randomInt(1, 4); datagram.length > 0 && changes > 0; changes--)
        datagram[randomInt(datagram.length)] = randomInt(256);
      alice.send(datagram);
      if (i % 500 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await settle(server);
    const bob = await client(server);
    await expect(bob.allocate(userOf('bob'))).resolves.toBeDefined();
  });

  it.each([
    '10.1.2.3',
    '169.254.169.254',
    '192.168.1.1',
    '224.0.0.1',
    '255.255.255.255',
    '0.0.0.0',
    '127.0.0.53',
  ])('forbids the peer %s (as published, all are granted)', async (host) => {
    const server = await start({ peers: { allowed: [], denied: [] } });
    const alice = await client(server);
    await alice.allocate(userOf('alice'));
    expect((await alice.permit({ host, port: 80 })).code).toBe(403);
    expect((await alice.bind(0x4000, { host, port: 80 })).code).toBe(403);
    expect(engine.stats()).toMatchObject({ permissions: 0, channels: 0 });
  });

  it('lets two clients meet through its own address, and nobody else on it', async () => {
    const server = await start({ peers: { allowed: [], denied: [] } });
    const [alice, bob] = [await client(server), await client(server)];
    const [ofAlice, ofBob] = [await alice.allocate(userOf('alice')), await bob.allocate(userOf('bob'))];
    expect((await alice.permit(ofBob)).code).toBe(0);
    expect((await bob.permit(ofAlice)).code).toBe(0);
    alice.indicate(ofBob, Buffer.from('hello'));
    expect(await bob.receive()).toEqual({ payload: Buffer.from('hello'), from: ofAlice });

    const service = await peerSocket();
    let reached = false;
    service.on('message', () => (reached = true));
    alice.indicate(service.at, Buffer.from('not for you'));
    await settle(server);
    expect(reached).toBe(false);
    expect(engine.stats().drops.peerPolicy).toBe(1);
  });

  it('holds every user, address and the whole server to their number of allocations', async () => {
    const server = await start(
      {},
      { allocationsPerUserMax: 2, allocationsPerAddressMax: 3, allocationsMax: 100 },
    );
    const allocate = async (name: string): Promise<Endpoint> => (await client(server)).allocate(userOf(name));
    await allocate('alice');
    await allocate('alice');
    await expect(allocate('alice')).rejects.toThrow('486');
    await allocate('bob');
    await expect(allocate('carol')).rejects.toThrow('486');
  });

  it('answers 508 where no port is left', async () => {
    const server = await start({ relayPortMin: 41_010, relayPortMax: 41_011 });
    const allocate = async (name: string): Promise<Endpoint> => (await client(server)).allocate(userOf(name));
    await allocate('alice');
    await allocate('bob');
    await expect(allocate('carol')).rejects.toThrow('508');
    expect(engine.stats().relayPortsFree).toBe(0);
  });

  it('bounds permissions and channels', async () => {
    const server = await start({}, { permissionsPerAllocationMax: 2, channelsPerAllocationMax: 1 });
    const alice = await client(server);
    await alice.allocate(userOf('alice'));
    expect((await alice.bind(0x4000, { host: '127.0.0.2', port: 9 })).code).toBe(0);
    expect((await alice.bind(0x4001, { host: '127.0.0.2', port: 10 })).code).toBe(508);
    expect((await alice.bind(0x5000, { host: '127.0.0.2', port: 10 })).code).toBe(400);
    expect((await alice.permit({ host: '127.0.0.3', port: 9 })).code).toBe(0);
    expect((await alice.permit({ host: '127.0.0.4', port: 9 })).code).toBe(508);
    expect((await alice.permit({ host: '127.0.0.3', port: 9 })).code).toBe(0);
  });

  it('holds an allocation to its bandwidth', async () => {
    const server = await start({}, { bytesPerSecondPerAllocationMax: 5_000 });
    const alice = await client(server);
    const peer = await peerSocket();
    const relayed = await alice.allocate(userOf('alice'));
    await alice.permit(peer.at);
    let bytes = 0;
    peer.on('message', (data) => (bytes += data.length));
    for (let i = 0; i < 100; i++) {
      alice.indicate(peer.at, Buffer.alloc(1_000));
      peer.send(Buffer.alloc(1_000), relayed.port, relayed.host);
    }
    await settle(server);
    expect(bytes).toBeLessThanOrEqual(6_000);
    const { drops, bytesToClients } = engine.stats();
    expect(bytesToClients).toBeLessThanOrEqual(6_000);
    expect(drops.bandwidth).toBeGreaterThan(150);
  });

  it('makes no new allocations while it drains, and keeps the old ones', async () => {
    const server = await start();
    const alice = await client(server);
    await alice.allocate(userOf('alice'));
    engine.drain();
    await expect((await client(server)).allocate(userOf('bob'))).rejects.toThrow('508');
    expect((await alice.refresh(600)).code).toBe(0);
  });

  it('refuses what it does not have in the words of the RFC', async () => {
    const server = await start();
    const alice = await client(server);
    await alice.login(userOf('alice'));
    const ask = async (type: number, value: number[]) =>
      (
        await alice.request(METHOD.allocate, (writer) =>
          writer.number(ATTRIBUTE.requestedTransport, 17 * 2 ** 24).bytes(type, Buffer.from(value)),
        )
      ).code;
    expect(await ask(ATTRIBUTE.evenPort, [0x80])).toBe(508);
    expect(await ask(ATTRIBUTE.reservationToken, [1, 2, 3, 4, 5, 6, 7, 8])).toBe(508);
    expect(await ask(ATTRIBUTE.requestedAddressFamily, [2, 0, 0, 0])).toBe(440);
    expect(await ask(0x7ff0, [])).toBe(420);
    expect((await alice.request(METHOD.allocate)).code).toBe(400);
    expect(engine.stats().allocations).toBe(0);
    expect(await ask(0xc057, [1, 2, 3])).toBe(0); // unknown, and optional
  });

  it('tells what is wrong when it cannot listen', async () => {
    const server = await start();
    const second = createNodeTurnEngine(loopbackOptions({ udp: [{ host: '127.0.0.1', port: server.port }] }));
    const starting = second.start();
    expect(isPromise(starting)).toBe(true);
    await expect(starting).rejects.toThrow(
      /Cannot listen on port \d+ for TURN over UDP: another program uses it/,
    );
    await second.stop();
  });

  it('needs IPv4', () => {
    expect(() => createNodeTurnEngine(loopbackOptions({ udp: [{ host: '::1', port: 0 }] }))).toThrow(
      'IPv4 only',
    );
    engine = createNodeTurnEngine(loopbackOptions());
  });

  it('stops with answers under way, and never shows the secret', async () => {
    const server = await start();
    const clients = await Promise.all(Array.from({ length: 10 }, () => client(server)));
    for (const one of clients) await one.login(userOf('alice'));
    for (const one of clients) one.send(one.message(CLASS.request, METHOD.allocate, wantUdp));
    await settle(server);
    const stats = JSON.stringify(engine.stats());
    await engine.stop();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(stats).not.toContain(SECRET);
    expect(engine.stats().allocations).toBe(0);
  });
});
