// What node-turn as published does to its operator, over real datagrams: behind the guard none of it happens. What it shares
// with the native engine is in ../contracts.
import { jest } from '@jest/globals';
import { randomBytes, randomInt } from 'node:crypto';
import type { ListeningAddress, TurnEngine } from '../../src/engine.ts';
import { createNodeTurnEngine } from '../../src/node-turn/engine.ts';
import { ALICE, BOB, engineOptions, type OptionChanges } from '../contracts/options.ts';
import {
  channelData,
  encode,
  errorCodeOf,
  isSealed,
  lifetime,
  sendIndication,
  UDP_TRANSPORT,
  valueOf,
} from '../contracts/stun-message.ts';
import { TurnClient, type Login } from '../contracts/turn-client.ts';
import { UdpPeer } from '../contracts/udp-peer.ts';

const LIFETIME = 0x000d;
const NONCE = 0x0015;

let engine: TurnEngine;
const open: { close(): void }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) one.close();
  await engine.stop();
});

async function start(changes: OptionChanges = {}): Promise<ListeningAddress> {
  engine = createNodeTurnEngine(engineOptions(changes));
  await engine.start();
  return engine.listening()[0]!;
}

async function client(at: ListeningAddress, login: Login = ALICE): Promise<TurnClient> {
  const one = await TurnClient.connect(at, login);
  open.push(one);
  return one;
}

async function peer(): Promise<UdpPeer> {
  const one = await UdpPeer.open();
  open.push(one);
  return one;
}

const secondsOf = (answer: Parameters<typeof valueOf>[0]): number | undefined =>
  valueOf(answer, LIFETIME)?.readUInt32BE();

describe('node-turn behind the guard', () => {
  it('seals every answer, ChannelBind’s too (without it Chromium gives a relay up after 40 s)', async () => {
    const alice = await client(await start());
    const other = await peer();
    await alice.allocated();
    const answers = [
      await alice.permit(other.address),
      await alice.bind(0x4000, other.address),
      await alice.refresh(600),
    ];
    for (const answer of answers) {
      expect(answer.class).toBe('success');
      expect(isSealed(answer, alice.key)).toBe(true);
      expect(valueOf(answer, 0x8028)).toBeDefined(); // the fingerprint, as in the request
    }
  });

  it('keeps an allocation that is refreshed (as published, each Refresh ends it after a millisecond)', async () => {
    const alice = await client(await start());
    await alice.allocated();
    expect(secondsOf(await alice.refresh(1_200))).toBe(1_200);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(secondsOf(await alice.refresh(1_000_000))).toBe(3_600);
    expect(engine.stats().allocations).toBe(1);
  });

  it('gives the port back when an allocation ends (as published, never)', async () => {
    const options = engineOptions();
    const at = await start({ relayPortMin: options.relayPortMin, relayPortMax: options.relayPortMin + 1 });
    for (let round = 0; round < 10; round++) {
      const alice = await client(at);
      await alice.allocated();
      expect(engine.stats()).toMatchObject({ allocations: 1, relayPortsFree: 1 });
      await alice.refresh(0);
      expect(engine.stats()).toMatchObject({ allocations: 0, relayPortsFree: 2 });
    }
  });

  it('keeps no memory of strangers (as published, 1.7 kB of each for an hour)', async () => {
    const stranger = await client(await start({ limits: { unauthenticatedPerSecondMax: 1_000 } }));
    const nonces = new Set<string>();
    for (let i = 0; i < 200; i++) {
      const answer = await stranger.transact(encode({ method: 'allocate', attributes: [UDP_TRANSPORT] }));
      expect(errorCodeOf(answer)).toBe(401);
      nonces.add(valueOf(answer, NONCE)!.toString());
    }
    expect(nonces.size).toBeLessThan(10); // one for each second, made anew from the time
  });

  it('lives on when peers send what node-turn cannot read (as published, one datagram ends the process)', async () => {
    const alice = await client(await start());
    const other = await peer();
    const relayed = await alice.allocated();
    await alice.permit(other.address);
    const deadly = ['', '00', '4000', '400000', '7f', '40000005', '4000ffff00', '7ffe0001aa'];
    for (const hex of deadly) other.send(Buffer.from(hex, 'hex'), relayed);
    await alice.bind(0x4000, other.address);
    for (const hex of deadly) other.send(Buffer.from(hex, 'hex'), relayed);
    other.send('still here', relayed);
    let received = await alice.next();
    while (received !== undefined && String(received.data) !== 'still here') received = await alice.next();
    expect(received).toBeDefined();
    expect(engine.stats().drops.malformed).toBeGreaterThanOrEqual(10);
  });

  it('lives on when clients send anything at all', async () => {
    const at = await start({ limits: { unauthenticatedPerSecondMax: 100_000 } });
    const alice = await client(at);
    const { address } = await peer();
    await alice.allocated();
    await alice.permit(address);
    alice.receive = () => undefined; // some of it is a Binding request of RFC 3489, whose answer has no cookie
    const seeds = [
      alice.encode('binding', []),
      alice.encode('allocate', [UDP_TRANSPORT]),
      alice.encode('refresh', [lifetime(600)]),
      sendIndication(address, randomBytes(20)),
      channelData(0x4000, randomBytes(20)),
    ];
    for (const seed of seeds) {
      for (let bytes = 0; bytes <= seed.length; bytes++) alice.sendBytes(seed.subarray(0, bytes));
    }
    for (let i = 0; i < 20_000; i++) {
      const datagram = i % 4 === 0 ? randomBytes(randomInt(0, 200)) : Buffer.from(seeds[i % seeds.length]!);
      for (let changes = datagram.length > 0 ? randomInt(1, 4) : 0; changes > 0; changes--) {
        datagram[randomInt(datagram.length)] = randomInt(256);
      }
      alice.sendBytes(datagram);
      if (i % 500 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await expect((await client(at, BOB)).allocated()).resolves.toBeDefined();
  });

  it('keeps a channel working, both ways, for a client that only binds it anew', async () => {
    const alice = await client(await start());
    const other = await peer();
    const relayed = await alice.allocated();
    await alice.bind(0x4000, other.address);
    await alice.permit(other.address); // shortens nothing
    const boundAtMs = Date.now();
    const clock = jest.spyOn(Date, 'now').mockImplementation(() => boundAtMs + 499_000);
    try {
      alice.sendOnChannel(0x4000, Buffer.from('ping'));
      expect((await other.next())?.data).toBe('ping');
      other.send('pong', relayed);
      expect(String((await alice.next())?.data)).toBe('pong');
      clock.mockImplementation(() => boundAtMs + 600_001);
      alice.sendOnChannel(0x4000, Buffer.from('late'));
      await alice.binding(); // answered after it
      expect(engine.stats().drops.noPermission).toBe(1);
    } finally {
      clock.mockRestore();
    }
  });

  it('bounds permissions and channels', async () => {
    const alice = await client(
      await start({ limits: { permissionsPerAllocationMax: 2, channelsPerAllocationMax: 1 } }),
    );
    await alice.allocated();
    const codes = [
      await alice.bind(0x4000, { address: '127.0.0.2', port: 9 }),
      await alice.bind(0x4001, { address: '127.0.0.2', port: 10 }),
      await alice.bind(0x5000, { address: '127.0.0.2', port: 10 }),
      await alice.permit({ address: '127.0.0.3', port: 9 }),
      await alice.permit({ address: '127.0.0.4', port: 9 }),
      await alice.permit({ address: '127.0.0.3', port: 9 }),
    ].map(errorCodeOf);
    expect(codes).toEqual([undefined, 508, 508, undefined, 508, undefined]);
  });

  it('holds an allocation to its bandwidth in both directions', async () => {
    const alice = await client(await start({ limits: { bytesPerSecondPerAllocationMax: 5_000 } }));
    const other = await peer();
    const relayed = await alice.allocated();
    await alice.permit(other.address);
    for (let i = 0; i < 100; i++) {
      alice.sendTo(other.address, Buffer.alloc(1_000));
      other.send(Buffer.alloc(1_000), relayed);
    }
    await alice.permit(other.address); // answered after them
    const { bytesToPeers, bytesToClients, drops } = engine.stats();
    expect(bytesToPeers).toBeLessThanOrEqual(6_000);
    expect(bytesToClients).toBeLessThanOrEqual(6_000);
    expect(drops.bandwidth).toBeGreaterThan(150);
  });

  it('refuses what it does not have in the words of the RFC', async () => {
    const alice = await client(await start());
    const asked = async (type: number, value: number[]) =>
      errorCodeOf(await alice.allocate([type, Buffer.from(value)]));
    expect(await asked(0x0018, [0x80])).toBe(508); // EVEN-PORT
    expect(await asked(0x0022, [1, 2, 3, 4, 5, 6, 7, 8])).toBe(508); // RESERVATION-TOKEN
    expect(await asked(0x0017, [2, 0, 0, 0])).toBe(440); // REQUESTED-ADDRESS-FAMILY
    expect(engine.stats().allocations).toBe(0);
  });

  it('does not count an Allocate with attributes that node-turn would stumble over', async () => {
    const alice = await client(await start());
    for (const type of [0x000c, 0x000d, 0x0012, 0x0013]) {
      const answer = await alice.allocate([type, Buffer.from([1])]);
      if (answer.class === 'success') await alice.refresh(0);
    }
    expect(engine.stats()).toMatchObject({ allocations: 0, relayPortsFree: 64 });
  });

  it('needs IPv4', async () => {
    expect(() => createNodeTurnEngine(engineOptions({ udp: [{ host: '::1', port: 0 }] }))).toThrow(
      'IPv4 only',
    );
    await start();
  });

  it('stops with answers under way', async () => {
    const at = await start();
    const clients = await Promise.all(Array.from({ length: 10 }, () => client(at)));
    for (const one of clients) await one.request('refresh'); // takes the nonce
    for (const one of clients) one.sendBytes(one.encode('allocate', [UDP_TRANSPORT]));
    await clients[0]!.binding();
    await engine.stop();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(engine.stats().allocations).toBe(0);
  });
});
