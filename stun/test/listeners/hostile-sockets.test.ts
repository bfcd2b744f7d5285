// Everything hostile at once over real sockets, while two good clients, one on UDP and one on TCP, relay on: mutated and random
// datagrams from many sources, floods for 401, junk on relay ports, mutated streams, half-open connections, and a user who
// takes all ports that its quota allows.
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { TurnEngine } from '../../src/engine.ts';
import { createNativeEngine } from '../../src/native-engine.ts';
import { engineOptions } from '../contracts/options.ts';
import { encode, errorCodeOf, UDP_TRANSPORT } from '../contracts/stun-message.ts';
import { TurnClient, type Login } from '../contracts/turn-client.ts';
import { UdpPeer } from '../contracts/udp-peer.ts';
import { dice, everyMessage, mutated, noise } from '../support/fuzz.ts';
import { FakeTransport } from '../turn/fake-transport.ts';

const ROUNDS = 60;
const SOURCES = 20;
const DATAGRAMS_PER_SOURCE = 10;
const STREAMS_PER_ROUND = 5;

describe('all attacks at once', () => {
  let engine: TurnEngine;
  let peer: UdpPeer;
  const random = dice(42);
  const corpus = everyMessage(new FakeTransport().client());
  const hostile = (): Buffer =>
    random(5) === 0 ? noise(random) : mutated(corpus[random(corpus.length)]!, random);
  const sources: UdpSocket[] = [];
  const streams: Socket[] = [];
  const clients: TurnClient[] = [];

  beforeAll(async () => {
    engine = createNativeEngine(
      engineOptions({
        tcp: [{ host: '127.0.0.1', port: 0 }],
        limits: { connectionsMax: 150, connectionsPerAddressMax: 120, allocationsPerUserMax: 20 },
      }),
    );
    await engine.start();
    peer = await UdpPeer.open();
    for (let at = 0; at < SOURCES; at++) {
      const socket = createSocket('udp4');
      // On Linux all of 127/8 is ours to send from, which is as good as forging.
      socket.bind(0, `127.0.1.${at + 1}`);
      await once(socket, 'listening');
      socket.on('error', () => undefined);
      sources.push(socket);
    }
  });

  afterAll(async () => {
    for (const socket of sources) socket.close();
    for (const stream of streams) stream.destroy();
    for (const client of clients) client.close();
    peer.close();
    await engine.stop();
  });

  const client = async (transport: 'udp' | 'tcp', login: Login): Promise<TurnClient> => {
    const at = engine.listening().find((one) => one.transport === transport)!;
    const opened = await TurnClient.connect(at, login);
    clients.push(opened);
    return opened;
  };

  it('take nothing from others, and leave nothing behind', async () => {
    const udp = engine.listening().find(({ transport }) => transport === 'udp')!;
    const tcp = engine.listening().find(({ transport }) => transport === 'tcp')!;
    const good = [
      await client('udp', { username: 'good', password: 'correct horse' }),
      await client('tcp', { username: 'better', password: 'correct horse' }),
    ];
    const relayed = [];
    for (const one of good) {
      relayed.push(await one.allocated());
      expect((await one.bind(0x4000, peer.address)).class).toBe('success');
    }
    // The greedy user: as many allocations as it may have, and not one more.
    for (let i = 0; i < 20; i++)
      await (await client('udp', { username: 'greedy', password: 'correct horse' })).allocated();
    const refused = await (await client('udp', { username: 'greedy', password: 'correct horse' })).allocate();
    expect(errorCodeOf(refused)).toBe(486);

    for (let round = 0; round < ROUNDS; round++) {
      for (const source of sources) {
        for (let i = 0; i < DATAGRAMS_PER_SOURCE; i++) source.send(hostile(), udp.port, udp.host);
        source.send(encode({ method: 'allocate', attributes: [UDP_TRANSPORT] }), udp.port, udp.host);
        source.send(hostile(), relayed[round % 2]!.port, '127.0.0.1');
      }
      for (let i = 0; i < STREAMS_PER_ROUND; i++) {
        const stream = connect(tcp.port, tcp.host);
        stream.on('error', () => undefined);
        stream.resume();
        streams.push(stream);
        // Some say nothing at all, some begin a message and stop, some send junk.
        if (i > 0)
          stream.write(
            i === 1 ? corpus[2]!.subarray(0, 30) : Buffer.concat([corpus[0]!, hostile(), hostile()]),
          );
      }
      const word = `round ${round}`;
      for (const one of good) {
        one.sendOnChannel(0x4000, Buffer.from(word));
        expect((await peer.next())?.data).toBe(word);
      }
      for (const [at, one] of good.entries()) {
        peer.send(word, relayed[at]!);
        expect((await one.next())?.data.toString()).toBe(word);
      }
    }

    const { allocations, connections, connectionsRefusedTotal, drops } = engine.stats();
    expect(allocations).toBe(22);
    expect(connections).toBeLessThanOrEqual(120);
    expect(connectionsRefusedTotal).toBeGreaterThan(0);
    expect(drops.malformed).toBeGreaterThan(1_000);
    expect(drops.noPermission).toBeGreaterThan(100);
    expect(drops.sendBuffer).toBe(0);
  }, 60_000);
});
