// DHT nodes that lie, flood, or lead a lookup on and on: real sockets on loopback.
import { silentLog } from '@relay-swarm/kit';
import { createSocket, type Socket } from 'node:dgram';
import {
  createDiscovery,
  infoHashOf,
  type Discovery,
  type DiscoveryOptions,
} from '../src/discovery/discovery.ts';
import { freeUdpPort, until } from './whole-relay.ts';

const NODES = 12;
const ANSWER_MS = 400;

let sockets: Socket[] = [];
afterEach(async () => {
  const open = sockets;
  sockets = [];
  for (const socket of open) await new Promise<void>((resolve) => socket.close(() => resolve()));
});

const compact = (port: number): Buffer => Buffer.from([127, 0, 0, 1, port >> 8, port & 255]);

/** Nodes of which each names a peer, and the next one as still closer to the hash. */
async function startChain(infoHash: Buffer): Promise<number> {
  for (let i = 0; i < NODES; i++) {
    const socket = createSocket('udp4');
    sockets.push(socket);
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  }
  const idOf = (i: number): Buffer => {
    const id = Buffer.from(infoHash);
    id[i + 1]! ^= 255; // the farther down the first difference, the closer
    return id;
  };
  sockets.forEach((socket, i) => {
    socket.on('message', (query, { port }) => {
      const next = sockets[(i + 1) % NODES]!.address().port;
      const [, tid = ''] = /1:t(\d+:[^]*?)1:y/.exec(query.toString('latin1')) ?? [];
      const answer = Buffer.concat([
        Buffer.from('d1:rd2:id20:'),
        idOf(i),
        ...[Buffer.from('5:nodes26:'), idOf(i + 1), compact(next)],
        ...[Buffer.from('5:token1:x6:valuesl6:'), compact(8_000 + i), Buffer.from('ee1:t')],
        ...[Buffer.from(tid, 'latin1'), Buffer.from('1:y1:re')],
      ]);
      setTimeout(() => {
        if (sockets.includes(socket)) socket.send(answer, port, '127.0.0.1', () => undefined);
      }, ANSWER_MS).unref();
    });
  });
  return sockets[0]!.address().port;
}

const create = async (
  changes: Partial<DiscoveryOptions>,
): Promise<{ discovery: Discovery; port: number }> => {
  const port = await freeUdpPort();
  const discovery = createDiscovery({
    ...{ swarm: 'test', dhtPort: port, bootstrap: [], nodes: [], announcedPort: () => 80, lookupMs: 60_000 },
    ...{ candidatesPerLookupMax: 10, allowPrivate: true, random: Math.random, log: silentLog },
    found: () => undefined,
    ...changes,
  });
  return { discovery, port };
};

describe('the DHT', () => {
  it('sends nothing to private addresses, whoever names them or asks from there', async () => {
    const socket = createSocket('udp4');
    sockets.push(socket);
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    let heard = 0;
    socket.on('message', () => heard++);
    const node = { host: '127.0.0.1', port: socket.address().port };
    const strict = await create({ allowPrivate: false, bootstrap: [node], nodes: [node] });
    const open = await create({ bootstrap: [node] });
    const ping = 'd1:ad2:id20:aaaaaaaaaaaaaaaaaaaae1:q4:ping1:t2:aa1:y1:qe';
    await strict.discovery.start();
    try {
      await until(() => {
        socket.send(ping, strict.port, '127.0.0.1', () => undefined);
        return /no DHT node answers/.test(strict.discovery.state());
      }, 15);
      expect(heard).toBe(0);
      await open.discovery.start(); // the same socket hears one that may
      await until(() => heard > 0, 5);
    } finally {
      await strict.discovery.stop();
      await open.discovery.stop();
    }
  });

  it('cuts a flood', async () => {
    const { discovery, port } = await create({});
    const socket = createSocket('udp4');
    sockets.push(socket);
    await discovery.start();
    try {
      await until(async () => {
        for (let i = 0; i < 500; i++)
          await new Promise((resolve) => socket.send('x', port, '127.0.0.1', resolve));
        return discovery.counters.datagramsDropped > 0;
      }, 15);
    } finally {
      await discovery.stop();
    }
  });
});

describe('a lookup that does not end', () => {
  it('yields what it has heard all the same', async () => {
    const first = await startChain(infoHashOf('test'));
    const found = new Set<number>();
    const { discovery } = await create({
      bootstrap: [{ host: '127.0.0.1', port: first }],
      lookupMsMax: 2_000,
      found: ({ port }) => found.add(port),
    });
    await discovery.start();
    try {
      await until(() => discovery.counters.restarts > 0, 10);
      expect(found.size).toBeGreaterThan(0);
    } finally {
      await discovery.stop();
    }
  });
});
