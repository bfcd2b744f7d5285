import type { Peer } from '../../src/swarm/peer.ts';
import type { Swarm } from '../../src/swarm/swarm.ts';
import { SwarmTable } from '../../src/swarm/swarm-table.ts';
import { TestLink } from '../support/links.ts';

/** RandomInt that fall the same way in every run. */
function createRandomInt(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

const table = (): SwarmTable =>
  new SwarmTable({ swarmsMax: 1e6, swarmsPerLinkMax: 1e6, peersMax: 1e6, peersPerAddressMax: 1e6 });
const leecher = { isSeeder: false, hasCompleted: false };
const seeder = { isSeeder: true, hasCompleted: false };

function fill(size: number, news = leecher): { swarm: Swarm; peers: Peer[]; swarms: SwarmTable } {
  const swarms = table();
  const peers = Array.from(
    { length: size },
    (_, index) =>
      swarms.enter({ link: new TestLink(), infoHash: 'hash', peerId: `peer${index}` }, news, 0) as Peer,
  );
  return { swarm: swarms.find('hash')!, peers, swarms };
}

describe('Swarm.choose()', () => {
  it.each([
    ['few peers, where all are shuffled', 12, 5],
    ['many peers, where some are drawn', 60, 5],
  ])('chooses each place equally often among %s', (_case, size, count) => {
    const { swarm, peers } = fill(size);
    const randomInt = createRandomInt(7);
    const rounds = 20_000;
    const chosen: Peer[] = [];
    const times = new Map<Peer, number>();
    for (let round = 1; round <= rounds; round++) {
      const found = swarm.choose(peers[0]!, count, chosen, randomInt, round);
      expect(found).toBe(count);
      expect(new Set(chosen.slice(0, found)).size).toBe(found);
      for (const peer of chosen.slice(0, found)) times.set(peer, (times.get(peer) ?? 0) + 1);
    }
    expect(times.has(peers[0]!)).toBe(false);
    expect(times.size).toBe(size - 1);
    const expected = (rounds * count) / (size - 1);
    const chiSquare = [...times.values()].reduce((sum, seen) => sum + (seen - expected) ** 2 / expected, 0);
    expect(chiSquare).toBeLessThan(size - 1 + 4 * Math.sqrt(2 * (size - 1)));
  });

  it('does a bounded number of throws, however large the swarm and however few suit', () => {
    const { swarms, swarm, peers } = fill(5_000);
    for (const peer of peers) (peer.link as TestLink).isCongested = true;
    const from = swarms.enter({ link: new TestLink(), infoHash: 'hash', peerId: 'new' }, leecher, 0) as Peer;
    let throws = 0;
    const randomInt = createRandomInt(3);
    expect(swarm.choose(from, 10, [], (limit) => (throws++, randomInt(limit)), 1)).toBe(0);
    expect(throws).toBeLessThanOrEqual(38);
  });

  it('finds the one leecher among thousands of seeders, for a seeder, before any of them', () => {
    const { swarms, swarm } = fill(3_000, seeder);
    const one = swarms.enter(
      { link: new TestLink(), infoHash: 'hash', peerId: 'leecher' },
      leecher,
      0,
    ) as Peer;
    const from = swarms.enter({ link: new TestLink(), infoHash: 'hash', peerId: 'from' }, seeder, 0) as Peer;
    const chosen: Peer[] = [];
    expect(swarm.choose(from, 10, chosen, createRandomInt(1), 1)).toBe(10);
    expect(chosen[0] === one).toBe(true);
    expect(chosen.slice(1, 10).every(({ isSeeder }) => isSeeder)).toBe(true);
  });

  it('passes over congested connections', () => {
    const { swarm, peers } = fill(3);
    (peers[1]!.link as TestLink).isCongested = true;
    const chosen: Peer[] = [];
    expect([swarm.choose(peers[0]!, 5, chosen, createRandomInt(1), 1), chosen[0]]).toEqual([1, peers[2]]);
  });
});
