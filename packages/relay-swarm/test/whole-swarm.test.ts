// Whole relays on real sockets: found over a private DHT, proven, and told of in files that survive a restart.
import { readJsonFile } from '@relay-swarm/kit';
import type { ServiceHealth } from '@relay-swarm/protocol';
import type { Roster } from '@relay-swarm/protocol';
import { Client } from 'bittorrent-dht';
import { createSocket } from 'node:dgram';
import { mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { sample } from '../src/discovery/candidates.ts';
import { infoHashOf } from '../src/discovery/discovery.ts';
import { isComplete, startDhtNode, startRelay, stopRelays, type WholeRelay } from './whole-relay.ts';
import { freeUdpPort } from '../../../scripts/lib/free-port.mjs';
import { until } from '../../../tracker/test/support/until.ts';

interface Store {
  add(name: string, peer: Buffer): void;
  get(name: string): Buffer[];
}

afterEach(stopRelays);

const withDht = async (bootstrap: string): Promise<Record<string, string>> => ({
  TRACKER_DHT_ENABLED: 'true',
  TRACKER_DHT_PORT: String(await freeUdpPort()),
  TRACKER_DHT_BOOTSTRAP: bootstrap,
});

describe('relays with a private DHT', () => {
  let dht: Awaited<ReturnType<typeof startDhtNode>>;
  beforeEach(async () => {
    dht = await startDhtNode();
  });
  afterEach(() => dht.stop());

  it('find each other, whoever else is announced there', async () => {
    // ten thousand peers that are no relays, in the one node that every relay asks first
    const infoHash = infoHashOf('relay-swarm/1');
    const { _peers: store } = dht.client as unknown as { _peers: Store };
    for (let i = 0; i < 10_000; i++)
      store.add(infoHash.toString('hex'), Buffer.from([127, 9, i >> 8, i & 255, 0, 9]));
    const all = store.get.bind(store);
    store.get = (name) => sample(all(name), 100, Math.random); // as other DHT software does; the library would send all
    const relays: WholeRelay[] = [];
    for (let i = 0; i < 4; i++) relays.push(await startRelay({ env: await withDht(dht.address) }));
    await until(() => isComplete(relays), 25);
    for (const relay of relays) {
      expect(await relay.metric('relay_candidates')).toBeLessThanOrEqual(1_000);
      expect(relay.swarm.discoveryState()).toMatch(/knows candidates/);
    }
  }, 60_000);

  it('outlive datagrams that the DHT library would die of', async () => {
    const env = await withDht(dht.address);
    const relay = await startRelay({ env });
    const socket = createSocket('udp4');
    const port = Number(env['TRACKER_DHT_PORT']);
    const id = '20:aaaaaaaaaaaaaaaaaaaa';
    const deadly = [
      `d1:ad2:id${id}9:info_hashi5ee1:q9:get_peers1:t2:aa1:y1:qe`,
      `d1:ad2:id${id}6:targeti5ee1:q9:find_node1:t2:aa1:y1:qe`,
      `d1:ad2:id${id}9:info_hash${id}4:porti80e5:tokeni5ee1:q13:announce_peer1:t2:aa1:y1:qe`,
      `d1:ad2:id${id}5:tokeni5e1:v1:xe1:q3:put1:t2:aa1:y1:qe`,
      'd1:y1:q1:q4:pinge',
      'd1:ad2:idi5ee1:q4:ping1:t2:aa1:y1:qe',
      'd1:rd2:idi5ee1:t2:aa1:y1:re',
      'd1:y1:re',
      'de',
      'i1e',
      'x',
      '',
    ];
    for (const datagram of deadly) {
      await new Promise((resolve) => socket.send(Buffer.from(datagram), port, '127.0.0.1', resolve));
    }
    for (let i = 0; i < 3_000; i++) {
      const noise = Buffer.from(deadly[i % 5]!);
      noise[Math.floor(Math.random() * noise.length)] = Math.floor(Math.random() * 256);
      await new Promise((resolve) => socket.send(noise, port, '127.0.0.1', resolve));
    }
    socket.close();
    await until(async () => (await relay.metric('dht_faults_total')) > 3, 5);
    // and it still does its work
    const other = await startRelay({ env: await withDht(dht.address) });
    await until(() => isComplete([relay, other]), 20);
  }, 60_000);

  it('remember DHT nodes over a restart, and find the swarm without the bootstrap node', async () => {
    const env = await withDht(dht.address);
    const relay = await startRelay({ env });
    const other = await startRelay({ env: await withDht(dht.address) });
    await until(() => isComplete([relay, other]), 20);
    await relay.stop();
    const saved = (await readJsonFile(join(relay.dir, 'data/candidates.json'))) as {
      nodes: unknown[];
      relays: unknown[];
    };
    expect(saved.nodes.length).toBeGreaterThan(0);
    expect(saved.relays).toHaveLength(1);
    await writeFile(join(relay.dir, 'data/candidates.json'), JSON.stringify({ ...saved, relays: [] }));
    const bootstrap = `127.0.0.1:${await freeUdpPort()}`; // nobody is there
    const again = await startRelay({ dir: relay.dir, env: { ...env, TRACKER_DHT_BOOTSTRAP: bootstrap } });
    await until(async () => (await again.roster()).relays.length === 2, 20);
  }, 60_000);

  it('announces the port on which its descriptor is', async () => {
    const relay = await startRelay({ env: await withDht(dht.address) });
    const client = new Client({
      bootstrap: [{ host: '127.0.0.1', port: Number(dht.address.split(':')[1]) }],
    });
    try {
      const found = new Set<string>();
      client.on('peer', ({ host, port }: { host: string; port: number }) =>
        found.add(`http://${host}:${port}`),
      );
      await until(
        () =>
          new Promise<boolean>((resolve) =>
            client.lookup(infoHashOf('relay-swarm/1'), () => resolve(found.has(relay.origin))),
          ),
        15,
      );
    } finally {
      await new Promise<void>((resolve) => client.destroy(resolve));
    }
  }, 30_000);
});

/** Is refused at a relay's door. */
const tryUpgrade = (url: string, options = {}): Promise<{ status: number; body: string }> =>
  new Promise((resolve, reject) => {
    const socket = new WebSocket(`${url}/relay`, options);
    socket.on('unexpected-response', (_request, response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => (body += chunk.toString()));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    });
    socket.on('open', () => reject(new Error('opened')));
  });

describe('relays without a DHT that answers', () => {
  it('refuse a web page, which would come with the addresses of its visitors', async () => {
    const relay = await startRelay();
    const { status, body } = await tryUpgrade(relay.url, { origin: 'https://evil.example' });
    expect([status, JSON.parse(body)]).toMatchObject([403, { error: 'relays_only' }]);
  });

  it('say in words why nothing is found', async () => {
    const silent = createSocket('udp4');
    await new Promise<void>((resolve) => silent.bind(0, '127.0.0.1', resolve));
    const relay = await startRelay({ env: await withDht(`127.0.0.1:${silent.address().port}`) });
    await until(() => /no DHT node answers: is UDP blocked\?/.test(relay.swarm.discoveryState()), 10);
    await new Promise<void>((resolve) => silent.close(() => resolve()));
    const off = await startRelay();
    expect(off.swarm.discoveryState()).toMatch(/switched off/);
  });

  it('say which port is taken, and which setting names it', async () => {
    const taken = createSocket('udp4');
    await new Promise<void>((resolve) => taken.bind(0, '0.0.0.0', resolve));
    const { port } = taken.address();
    const env = { ...(await withDht('127.0.0.1:9')), TRACKER_DHT_PORT: String(port) };
    await expect(startRelay({ env })).rejects.toThrow(
      new RegExp(`port ${port} for the DHT.*TRACKER_DHT_PORT`),
    );
    await new Promise<void>((resolve) => taken.close(() => resolve()));
  });

  it('find each other by bootstrap and gossip, and survive a restart', async () => {
    const first = await startRelay();
    const env = { RELAY_BOOTSTRAP: first.origin };
    const second = await startRelay({ env });
    const third = await startRelay({ env });
    await until(() => isComplete([first, second, third]), 15);

    // the files that nginx serves
    await until(
      async () => ((await readJsonFile(join(first.dir, 'data/roster.json'))) as Roster).relays.length === 3,
      5,
    );
    expect(await readJsonFile(join(first.dir, 'data/descriptor.json'))).toEqual(first.swarm.descriptor());
    expect((await stat(join(first.dir, 'identity/relay-key.pem'))).mode & 0o777).toBe(0o600);
    expect((await readdir(join(first.dir, 'data'))).sort()).toEqual(['descriptor.json', 'roster.json']);

    // a stopped relay is gone, at once, since it said so
    const { id } = second.swarm.descriptor();
    await second.stop();
    await until(() => isComplete([first, third]), 3);

    // it comes back under its name, without bootstrap: it remembers
    const again = await startRelay({ dir: second.dir, port: Number(new URL(second.url).port) });
    expect(again.swarm.descriptor().id).toBe(id);
    await until(() => isComplete([first, third, again]), 15);
  }, 60_000);

  it('take off a relay that drains, and send its peers elsewhere', async () => {
    const first = await startRelay();
    const second = await startRelay({ env: { RELAY_BOOTSTRAP: first.origin } });
    await until(() => isComplete([first, second]), 15);
    expect(second.swarm.betterRelays()).toEqual([]);
    second.swarm.drain();
    expect(second.swarm.state()).toBe('draining');
    expect(second.swarm.betterRelays().map(({ url }) => url)).toEqual([first.url]);
    expect(second.swarm.roster().relays.map(({ url }) => url)).toEqual([first.url]);
    await until(async () => (await first.roster()).relays.length === 1, 2);
    // and it takes no more relays in: 503, and where else to go
    const refused = await tryUpgrade(second.url);
    expect(refused.status).toBe(503);
    expect((JSON.parse(refused.body) as Roster).relays.map(({ url }) => url)).toEqual([first.url]);
  }, 30_000);

  it('become busy and full with their load, and tell the others; a service that drains or falls silent is offered no more', async () => {
    const snapshot = (connections: number): ServiceHealth => ({
      service: 'tracker',
      state: 'serving',
      periodSeconds: 5,
      startedAt: new Date().toISOString(),
      sampledAt: new Date().toISOString(),
      gauges: { connections, connectionsMax: 100, peers: 5 },
      machine: {
        cpu: 0.1,
        processCpu: 0.1,
        memory: 0.2,
        receivedBytesPerSecond: 1,
        sentBytesPerSecond: 2,
        eventLoopDelayMs: 1,
      },
    });
    let connections = 10;
    const first = await startRelay();
    const env = {
      RELAY_BOOTSTRAP: first.origin,
      RELAY_PEERJS_URL: 'http://127.0.0.1:9000',
      RELAY_SERVICES: 'gun=http://127.0.0.1:8765/gun',
    };
    const second = await startRelay({ env, health: () => snapshot(connections) });
    await until(() => isComplete([first, second]), 15);
    const seen = async () => (await first.roster()).relays.find(({ url }) => url === second.url);
    const isSeen = (state: string) => async () => (await seen())?.state === state;
    await until(isSeen('ok'), 5);
    expect(await seen()).toMatchObject({
      load: 0.2,
      peers: 5,
      peerjs: 'http://127.0.0.1:9000/',
      services: { gun: 'http://127.0.0.1:8765/gun' },
    });
    connections = 80;
    await until(isSeen('busy'), 5);
    expect(second.swarm.betterRelays().map(({ url }) => url)).toEqual([first.url]);
    connections = 100;
    await until(isSeen('full'), 5);
    connections = 10;
    await until(isSeen('ok'), 5);

    const folder = join(second.dir, 'data/health');
    await mkdir(folder, { recursive: true });
    const write = (changes: Partial<ServiceHealth>): Promise<void> =>
      writeFile(
        join(folder, 'peerjs.json'),
        JSON.stringify({ ...snapshot(1), service: 'peerjs', ...changes }),
      );
    const isOffered = (is: boolean) => async () => ((await seen())?.peerjs !== undefined) === is;
    await write({ state: 'draining' });
    await until(isOffered(false), 5);
    await write({ state: 'serving' });
    await until(isOffered(true), 5);
    await write({ sampledAt: new Date(Date.now() - 60_000).toISOString() });
    await until(isOffered(false), 5);
  }, 60_000);
});
