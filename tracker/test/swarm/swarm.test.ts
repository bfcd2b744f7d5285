import fc from 'fast-check';
import type { Peer } from '../../src/swarm/peer.ts';
import { CLAIMS_MAX, type Swarm } from '../../src/swarm/swarm.ts';
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

const table = (): SwarmTable => new SwarmTable({ swarmsMax: 1e6, swarmsPerLinkMax: 1e6 });
const leecher = { isSeeder: false, hasCompleted: false };
const seeder = { isSeeder: true, hasCompleted: false };

function fill(size: number, news = leecher): { swarm: Swarm; peers: Peer[]; swarms: SwarmTable } {
  const swarms = table();
  const peers = Array.from(
    { length: size },
    (_, index) =>
      swarms.enter({ link: new TestLink(), infoHash: 'hash', peerId: `peer${index}` }, news, 0) as Peer,
  );
  return { swarm: peers[0]!.swarm, peers, swarms };
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

  it('finds the one leecher among thousands of seeders, for a seeder', () => {
    const { swarms, swarm } = fill(3_000, seeder);
    const one = swarms.enter(
      { link: new TestLink(), infoHash: 'hash', peerId: 'leecher' },
      leecher,
      0,
    ) as Peer;
    const from = swarms.enter({ link: new TestLink(), infoHash: 'hash', peerId: 'from' }, seeder, 0) as Peer;
    const chosen: Peer[] = [];
    expect([swarm.choose(from, 10, chosen, createRandomInt(1), 1), chosen[0]]).toEqual([1, one]);
  });

  it('passes over congested connections', () => {
    const { swarm, peers } = fill(3);
    (peers[1]!.link as TestLink).isCongested = true;
    const chosen: Peer[] = [];
    expect([swarm.choose(peers[0]!, 5, chosen, createRandomInt(1), 1), chosen[0]]).toEqual([1, peers[2]]);
  });

  it('passes over nobody whose id a stranger claims on a connection that is congested', () => {
    const { swarms, swarm, peers } = fill(2);
    const stranger = new TestLink();
    const claim = swarms.enter({ link: stranger, infoHash: 'hash', peerId: 'peer1' }, leecher, 0) as Peer;
    stranger.isCongested = true;
    const chosen: Peer[] = [];
    expect([swarm.choose(peers[0]!, 5, chosen, createRandomInt(1), 1), chosen[0]]).toEqual([1, claim]);
    expect(claim.namesake).toBe(peers[1]);
    (peers[1]!.link as TestLink).isCongested = true;
    expect(swarm.choose(peers[0]!, 5, chosen, createRandomInt(1), 2)).toBe(0);
  });
});

describe('SwarmTable', () => {
  /** What happened, seen from outside: which link claims which id in which swarm, and whether it seeds. */
  type Claim = { link: number; torrent: string; id: string; seeds: boolean; at: number };
  const step = fc.record({
    link: fc.nat(4),
    torrent: fc.constantFrom('a', 'b'),
    id: fc.constantFrom('x', 'y', 'z'),
    what: fc.constantFrom('seed', 'leech', 'same', 'complete', 'stop', 'close', 'expire'),
  });

  it('agrees with a plain list of claims after any sequence of announces, stops, closes and expiries', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const swarms = table();
        const links = Array.from({ length: 5 }, () => new TestLink());
        let model: Claim[] = [];
        steps.forEach(({ link, torrent, id, what }, at) => {
          const index = model.findIndex(
            (one) => one.link === link && one.torrent === torrent && one.id === id,
          );
          if (what === 'close') {
            swarms.removeAllOf(links[link]!);
            model = model.filter((one) => one.link !== link);
          } else if (what === 'expire') {
            swarms.expire(at - 10);
            model = model.filter((one) => one.at >= at - 10);
          } else if (what === 'stop') {
            const peer = swarms.find(torrent)?.findOn(links[link]!, id);
            expect(peer !== undefined).toBe(index >= 0);
            if (peer !== undefined) swarms.remove(peer);
            model = model.filter((_, position) => position !== index);
          } else {
            const isSeeder = what === 'same' ? undefined : what !== 'leech';
            const result = swarms.enter(
              { link: links[link]!, infoHash: torrent, peerId: id },
              { isSeeder, hasCompleted: what === 'complete' },
              at,
            );
            const others = model.filter((one) => one.torrent === torrent && one.id === id).length;
            if (index < 0 && others >= CLAIMS_MAX) expect(result).toBe('PEER_ID_CLAIMED');
            else {
              const seeds = isSeeder ?? model[index]?.seeds ?? false;
              model = [
                ...model.filter((_, position) => position !== index),
                { link, torrent, id, seeds, at },
              ];
            }
          }
        });
        expect(swarms.peers).toBe(model.length);
        expect(swarms.size).toBe(new Set(model.map((one) => one.torrent)).size);
        links.forEach((link, index) =>
          expect(link.peers.length).toBe(model.filter((one) => one.link === index).length),
        );
        for (const torrent of new Set(model.map((one) => one.torrent))) {
          const claims = model.filter((one) => one.torrent === torrent);
          const places = [...new Set(claims.map((one) => one.id))].map((id) =>
            claims.filter((one) => one.id === id),
          );
          const swarm = swarms.find(torrent)!;
          const complete = places.filter((place) => place.every((one) => one.seeds)).length;
          expect([swarm.complete, swarm.incomplete]).toEqual([complete, places.length - complete]);
          for (const place of places) expect(swarm.find(place[0]!.id)?.link).toBe(links[place.at(-1)!.link]);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
