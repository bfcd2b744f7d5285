import { ByteBudget } from '@relay-swarm/net';
import fc from 'fast-check';
import { packEndpoint, unpackEndpoint } from '../../src/swarm/endpoint.ts';
import { IpPeerTable, type IpPeerRefusal } from '../../src/swarm/ip-peer-table.ts';
import type { IpPeer } from '../../src/swarm/ip-peers.ts';
import { SwarmTable } from '../../src/swarm/swarm-table.ts';
import { id, plenty, TestLink } from '../support/links.ts';

const randomInt = (limit: number): number => Math.floor(Math.random() * limit);
const limits = { peersMax: 1000, peersPerAddressMax: 1000 };
const create = (some: Partial<typeof limits> = {}, swarmsMax = 100, budget = plenty()) => {
  const swarms = new SwarmTable({ swarmsMax, swarmsPerLinkMax: 100, peersMax: 1e6, peersPerAddressMax: 1e6 });
  return { swarms, ipPeers: new IpPeerTable(swarms, { ...limits, ...some }, budget) };
};
type Tables = ReturnType<typeof create>;

const identity = (address: string, port: number, peer = 'peer', torrent = 'torrent') => ({
  infoHash: id(torrent),
  peerId: id(peer),
  endpoint: packEndpoint(address, port)!,
  addressKey: address,
});
const join = (tables: Tables, address: string, port = 1, isSeeder = false, nowMs = 0, torrent = 'torrent') =>
  tables.ipPeers.enter(identity(address, port, 'peer', torrent), { isSeeder, hasCompleted: false }, nowMs);
const counts = ({ swarms }: Tables, torrent = 'torrent') => {
  const swarm = swarms.find(id(torrent));
  return [swarm?.complete, swarm?.incomplete, swarm?.downloaded];
};

describe('IP peers in a swarm', () => {
  it('count in the byte budget, and none comes in where it is used up', () => {
    const budget = new ByteBudget({ bytesMax: 10_000 });
    const tables = create({}, 100, budget);
    for (let port = 1; !budget.isTight; port++) expect(typeof join(tables, '192.0.2.1', port)).toBe('object');
    expect(tables.ipPeers.size).toBeGreaterThan(10);
    expect(join(tables, '192.0.2.2')).toBe('memory_full');
    expect(typeof join(tables, '192.0.2.1', 1, true)).toBe('object'); // who is inside goes on
    tables.ipPeers.expire(1);
    expect([tables.ipPeers.size, budget.bytes]).toEqual([0, 0]);
  });

  it('count with its browsers, and keep it alive as long as one of either is there', () => {
    const tables = create();
    const link = new TestLink();
    const browser = tables.swarms.enter(
      { link: link, infoHash: id('torrent'), peerId: id('b') },
      { isSeeder: true, hasCompleted: false },
      0,
    );
    join(tables, '192.0.2.1', 1, false);
    join(tables, '2001:db8::1', 1, true);
    expect(counts(tables)).toEqual([2, 1, 0]);
    expect([...tables.swarms.find(id('torrent'))!.peers()]).toHaveLength(3);
    tables.swarms.removeAllOf(link);
    expect(typeof browser).toBe('object');
    expect(counts(tables)).toEqual([1, 1, 0]);
    tables.ipPeers.leave(identity('192.0.2.1', 1));
    tables.ipPeers.leave(identity('2001:db8::1', 1));
    expect(tables.swarms.size).toBe(0);
    expect(tables.ipPeers.size).toBe(0);
  });

  it("make the swarm's cached reply out of date", () => {
    const tables = create();
    const host = join(tables, '192.0.2.1') as IpPeer;
    host.swarm.replyFrame = Buffer.alloc(1);
    join(tables, '192.0.2.1'); // nothing new
    expect(host.swarm.replyFrame).toBeDefined();
    join(tables, '192.0.2.1', 1, true);
    expect(host.swarm.replyFrame).toBeUndefined();
  });

  it('stay what they are where an announce does not tell what is left', () => {
    const tables = create();
    join(tables, '192.0.2.1', 1, true);
    const news = { isSeeder: undefined, hasCompleted: false };
    tables.ipPeers.enter(identity('192.0.2.1', 1), news, 0);
    tables.ipPeers.enter(identity('192.0.2.2', 1), news, 0);
    expect(counts(tables)).toEqual([1, 1, 0]);
  });

  it('count a completed download once', () => {
    const tables = create();
    join(tables, '192.0.2.1');
    const news = { isSeeder: true, hasCompleted: true };
    tables.ipPeers.enter(identity('192.0.2.1', 1), news, 0);
    tables.ipPeers.enter(identity('192.0.2.1', 1), news, 0);
    expect(counts(tables)).toEqual([1, 0, 1]);
  });

  it('are removed only by who has their endpoint and their peer id', () => {
    const tables = create();
    join(tables, '192.0.2.1');
    tables.ipPeers.leave(identity('192.0.2.1', 1, 'other'));
    tables.ipPeers.leave(identity('192.0.2.1', 2));
    tables.ipPeers.leave(identity('192.0.2.1', 1, 'peer', 'other'));
    expect(tables.ipPeers.size).toBe(1);
    // A client that started anew has a new peer id; the last word of the old one comes late.
    tables.ipPeers.enter(identity('192.0.2.1', 1, 'anew'), { isSeeder: false, hasCompleted: false }, 0);
    tables.ipPeers.leave(identity('192.0.2.1', 1));
    expect(tables.ipPeers.size).toBe(1);
    tables.ipPeers.leave(identity('192.0.2.1', 1, 'anew'));
    expect(tables.ipPeers.size).toBe(0);
  });

  it('are forgotten when they have not announced for too long, and nobody else is', () => {
    const tables = create();
    join(tables, '192.0.2.1', 1, false, 10);
    join(tables, '192.0.2.2', 1, false, 20);
    join(tables, '192.0.2.3', 1, false, 30, 'other');
    join(tables, '192.0.2.1', 1, false, 40);
    tables.ipPeers.expire(31);
    expect(counts(tables)).toEqual([0, 1, 0]);
    expect(tables.swarms.size).toBe(1);
    expect(tables.ipPeers).toMatchObject({ size: 1, expired: 2 });
    tables.ipPeers.expire(41);
    expect(tables.ipPeers).toMatchObject({ size: 0, expired: 3 });
  });

  it.each<[IpPeerRefusal, Partial<typeof limits>, number]>([
    ['peers_full', { peersMax: 2 }, 100],
    ['address_peers_full', { peersPerAddressMax: 2 }, 100],
    ['swarms_full', {}, 2],
  ])('are refused with %s, except those who are there already', (refusal, some, swarmsMax) => {
    const tables = create(some, swarmsMax);
    join(tables, '192.0.2.1', 1, false, 0, 'a');
    join(tables, '192.0.2.1', 1, false, 0, 'b');
    expect(join(tables, '192.0.2.1', 1, false, 0, 'c')).toBe(refusal);
    expect(join(tables, '192.0.2.1', 1, false, 0, 'b')).toBeInstanceOf(Object);
    expect(tables.swarms.size).toBe(2);
    tables.ipPeers.leave(identity('192.0.2.1', 1, 'peer', 'a'));
    expect(join(tables, '192.0.2.1', 1, false, 0, 'c')).toBeInstanceOf(Object);
  });
});

describe('IpPeers.sample()', () => {
  const crowd = (seeders: number, leechers: number) => {
    const tables = create();
    for (let port = 1; port <= seeders; port++) join(tables, '192.0.2.1', port, true);
    for (let port = 1; port <= leechers; port++) join(tables, '192.0.2.2', port, false);
    join(tables, '2001:db8::1', 1, false);
    return tables;
  };
  const draw = (host: IpPeer, count: number, isIPv6 = false): string[] =>
    host.swarm.ipPeers!.sample(isIPv6, host, count, randomInt).map(({ endpoint }) => endpoint);

  it('gives a leecher everybody else of the family', () => {
    const tables = crowd(3, 3);
    const host = join(tables, '192.0.2.2', 1) as IpPeer;
    const drawn = draw(host, 50);
    expect(new Set(drawn).size).toBe(5);
    expect(drawn).not.toContain(host.endpoint);
    expect(draw(host, 50, true)).toHaveLength(1);
  });

  it('gives a seeder leechers only', () => {
    const tables = crowd(3, 2);
    const drawn = draw(join(tables, '192.0.2.1', 1, true) as IpPeer, 50).map(unpackEndpoint);
    expect(drawn.map(({ address }) => address)).toEqual(['192.0.2.2', '192.0.2.2']);
  });

  it.each([0, 1, 2, 5, 9])('gives %d where that many are wanted', (count) => {
    const tables = crowd(5, 5);
    const host = join(tables, '192.0.2.2', 1) as IpPeer;
    for (let round = 0; round < 50; round++) expect(new Set(draw(host, count)).size).toBe(count);
  });

  it('gives each one equally often', () => {
    const tables = crowd(10, 11);
    const host = join(tables, '192.0.2.2', 1) as IpPeer;
    const times = new Map<string, number>();
    const rounds = 8000;
    for (let round = 0; round < rounds; round++)
      for (const endpoint of draw(host, 5)) times.set(endpoint, (times.get(endpoint) ?? 0) + 1);
    expect(times.size).toBe(20);
    // 2,000 each, with a standard deviation of 39
    for (const count of times.values()) expect(Math.abs(count - rounds / 4)).toBeLessThan(250);
  });

  it('draws randomInt in proportion to what is wanted, not to the size of the swarm', () => {
    const tables = crowd(500, 400);
    const host = join(tables, '192.0.2.2', 1) as IpPeer;
    let draws = 0;
    host.swarm.ipPeers!.sample(false, host, 50, (limit) => (draws++, randomInt(limit)));
    expect(draws).toBeLessThanOrEqual(52);
  });
});

describe('IpPeerTable', () => {
  const step = fc.record({
    action: fc.constantFrom('announce', 'seed', 'leave', 'expire'),
    address: fc.constantFrom('192.0.2.1', '192.0.2.2', '2001:db8::1'),
    port: fc.integer({ min: 1, max: 3 }),
    torrent: fc.constantFrom('a', 'b'),
    waitMs: fc.nat(10),
  });

  it('agrees with a plain model, whatever they do', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const tables = create({ peersMax: 8, peersPerAddressMax: 4 });
        const model = new Map<
          string,
          { torrent: string; address: string; isSeeder: boolean; seenMs: number }
        >();
        let nowMs = 0;
        for (const { action, address, port, torrent, waitMs } of steps) {
          nowMs += waitMs;
          const key = `${torrent} ${address} ${port}`;
          const isSeeder = action === 'seed';
          if (action === 'expire') {
            tables.ipPeers.expire(nowMs - 20);
            for (const [one, { seenMs }] of model) if (seenMs < nowMs - 20) model.delete(one);
          } else if (action === 'leave') {
            tables.ipPeers.leave(identity(address, port, 'peer', torrent));
            model.delete(key);
          } else {
            const ofAddress = [...model.values()].filter((one) => one.address === address).length;
            const hasRoom = model.has(key) || (model.size < 8 && ofAddress < 4);
            expect(typeof join(tables, address, port, isSeeder, nowMs, torrent)).toBe(
              hasRoom ? 'object' : 'string',
            );
            if (hasRoom) model.set(key, { torrent, address, isSeeder, seenMs: nowMs });
          }
          expect(tables.ipPeers.size).toBe(model.size);
          for (const name of ['a', 'b']) {
            const here = [...model.values()].filter((one) => one.torrent === name);
            const swarm = tables.swarms.find(id(name));
            expect(swarm?.complete ?? 0).toBe(here.filter((one) => one.isSeeder).length);
            expect(swarm?.incomplete ?? 0).toBe(here.filter((one) => !one.isSeeder).length);
            expect(swarm === undefined).toBe(here.length === 0);
          }
        }
        tables.ipPeers.expire(Infinity);
        expect(tables.swarms.size).toBe(0);
      }),
      { numRuns: 300 },
    );
  });
});
