// DHT nodes that lie, flood, or lead a lookup on and on: real sockets on loopback.
import { silentLog } from '@relay-swarm/kit';
import { createSocket, type Socket } from 'node:dgram';
import {
  createDiscovery,
  infoHashOf,
  type Discovery,
  type DiscoveryOptions,
} from '../src/discovery/discovery.ts';
import { resolveBootstrap } from '../src/discovery/bootstrap-nodes.ts';
import { dhtNodeId } from '../src/discovery/dht-node-id.ts';
import { freeUdpPort } from '../../../scripts/lib/free-port.mjs';
import { until } from '../../../tracker/test/support/until.ts';

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

describe('where the DHT is entered', () => {
  const addresses: Readonly<Record<string, readonly string[]>> = {
    'one.test': ['192.0.2.1', '192.0.2.2', '192.0.2.3'],
    'two.test': ['192.0.2.9'],
  };
  const resolve = (host: string): Promise<readonly string[]> =>
    addresses[host] === undefined
      ? Promise.reject(Object.assign(new Error(), { code: 'ENOTFOUND' }))
      : Promise.resolve(addresses[host]);
  const port = 6881;

  it('is every IPv4 address of each name, and who cannot be looked up is named', async () => {
    const names = ['one.test', 'none.test', 'two.test', '198.51.100.7'];
    const { nodes, failed } = await resolveBootstrap(
      names.map((host) => ({ host, port })),
      resolve,
    );
    expect(nodes.map(({ host }) => host)).toEqual([
      '192.0.2.1',
      '192.0.2.9',
      '198.51.100.7',
      '192.0.2.2',
      '192.0.2.3',
    ]);
    expect(failed).toEqual(['none.test (ENOTFOUND)']);
  });

  it('is not lost with a first address that is dead', async () => {
    const first = await startChain(infoHashOf('test'));
    const dead = createSocket('udp4');
    sockets.push(dead);
    // The same port at two addresses: nobody answers at the first.
    await new Promise<void>((resolve) => dead.bind(first, '127.0.0.2', resolve));
    const { discovery } = await create({
      bootstrap: [{ host: 'one.test', port: first }],
      resolve: () => Promise.resolve(['127.0.0.2', '127.0.0.1']),
      lookupMsMax: 6_000,
    });
    await discovery.start();
    try {
      await until(() => discovery.nodes().length > 0, 10);
    } finally {
      await discovery.stop();
    }
  });

  it('says which names have no address where nobody answers', async () => {
    const { discovery } = await create({ bootstrap: [{ host: 'none.test', port }], resolve });
    await discovery.start();
    try {
      await until(() => discovery.state().endsWith('have no IPv4 address here: none.test (ENOTFOUND)'), 10);
    } finally {
      await discovery.stop();
    }
  });
});

describe('the node id', () => {
  // BEP 42's own examples: address, last byte, id.
  it.each([
    ['124.31.75.21', 1, '5fbfbf'],
    ['21.75.31.124', 86, '5a3ce9'],
    ['65.23.51.170', 22, 'a5d432'],
    ['84.124.73.14', 65, '1b0321'],
    ['43.213.53.83', 90, 'e56f6c'],
  ])('of %s belongs to that address', (address, last, start) => {
    const random = new Uint8Array(20).fill(last);
    const id = Buffer.from(dhtNodeId(address, random)).toString('hex');
    const bits = (hex: string): number => Number.parseInt(hex.slice(0, 6), 16) >> 3; // 21 of them
    expect(bits(id)).toBe(bits(start));
    expect(id.slice(6)).toBe(Buffer.from(random).toString('hex').slice(6));
  });

  it('is the one that other nodes are asked with, and a refusal of it is told in words', async () => {
    const node = createSocket('udp4');
    sockets.push(node);
    await new Promise<void>((resolve) => node.bind(0, '127.0.0.1', resolve));
    const asked: Buffer[] = [];
    node.on('message', (query, { port }) => {
      const text = query.toString('latin1');
      asked.push(query.subarray(text.indexOf('2:id20:') + 7).subarray(0, 20));
      const tid = query.subarray(text.indexOf('1:t2:') + 5).subarray(0, 2);
      const error = [Buffer.from('d1:eli203e15:Invalid node ide1:t2:'), tid, Buffer.from('1:y1:ee')];
      if (sockets.includes(node)) node.send(Buffer.concat(error), port, '127.0.0.1', () => undefined);
    });
    const { discovery } = await create({
      bootstrap: [{ host: '127.0.0.1', port: node.address().port }],
      publicIpv4: () => Promise.resolve('124.31.75.21'),
    });
    await discovery.start();
    try {
      await until(
        () => discovery.state().startsWith('DHT nodes refuse this one with 203 "Invalid node id"'),
        10,
      );
      const [id] = asked;
      expect(dhtNodeId('124.31.75.21', id!)).toEqual(Uint8Array.from(id!));
    } finally {
      await discovery.stop();
    }
  });
});
