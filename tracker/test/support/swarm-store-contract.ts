// What every store of swarms has to do, whoever wrote it: a second one must pass this too.
import fc from 'fast-check';
import { packEndpoint } from '../../src/swarm/endpoint.ts';
import { IpPeerTable } from '../../src/swarm/ip-peer-table.ts';
import type { SwarmLimits, SwarmStore } from '../../src/swarm/swarm-store.ts';
import { plenty, TestLink } from './links.ts';

const leecher = { isSeeder: false, hasCompleted: false };
const seeder = { isSeeder: true, hasCompleted: false };
const completed = { isSeeder: true, hasCompleted: true };
const unknown = { isSeeder: undefined, hasCompleted: false };

/** A link that answers every probe at once. */
class LivelyLink extends TestLink {
  override probe(): void {
    this.probes++;
  }
}

export function describeSwarmStore(name: string, create: (limits: SwarmLimits) => SwarmStore): void {
  const open = (limits: Partial<SwarmLimits> = {}): SwarmStore =>
    create({ swarmsMax: 1e6, swarmsPerLinkMax: 1e6, peersMax: 1e6, peersPerAddressMax: 1e6, ...limits });
  const counts = (store: SwarmStore, infoHash = 'a'): unknown => {
    const swarm = store.find(infoHash);
    return swarm === undefined ? undefined : [swarm.complete, swarm.incomplete, swarm.downloaded];
  };

  describe(`${name} as a store of swarms`, () => {
    const key = (link: TestLink, peerId: string, infoHash = 'a') => ({ link, infoHash, peerId });

    it('counts seeders, leechers and downloads, and forgets a swarm with its last peer', () => {
      const [store, link] = [open(), new TestLink()];
      store.enter(key(link, 'x'), leecher, 0);
      store.enter(key(link, 'y'), completed, 0);
      expect(counts(store)).toEqual([1, 1, 1]);
      store.enter(key(link, 'x'), completed, 1);
      store.enter(key(link, 'x'), completed, 2); // said twice, done once
      store.enter(key(link, 'y'), unknown, 2); // says nothing, changes nothing
      expect(counts(store)).toEqual([2, 0, 2]);
      store.leave(key(link, 'x'));
      store.leave(key(link, 'x'));
      store.leave(key(new TestLink(), 'y')); // on another connection: not its to take out
      expect([counts(store), store.has(key(link, 'y'))]).toEqual([[1, 0, 2], true]);
      store.leave(key(link, 'y'));
      expect([counts(store), store.size, store.peers, link.peers]).toEqual([undefined, 0, 0, []]);
    });

    it('says which limit keeps a peer out, and is not changed by it', () => {
      const store = open({ swarmsMax: 2, swarmsPerLinkMax: 2 });
      const [one, two] = [new TestLink(), new TestLink()];
      store.enter(key(one, 'x', 'a'), leecher, 0);
      store.enter(key(one, 'x', 'b'), leecher, 0);
      expect(store.enter(key(one, 'y', 'a'), leecher, 0)).toBe('connection_swarms_full');
      expect(store.enter(key(two, 'y', 'c'), leecher, 0)).toBe('swarms_full');
      expect(typeof store.enter(key(one, 'x', 'a'), seeder, 0)).toBe('object');
      expect([store.size, store.peers, two.peers]).toEqual([2, 2, []]);
    });

    it('counts bytes for each peer with its connection, gives them back, and refuses a peer for which there are none', () => {
      const store = open();
      const [one, two] = [new TestLink(), new TestLink()];
      store.enter(key(one, 'x'), leecher, 0);
      store.enter(key(one, 'x'), seeder, 1);
      const each = one.heldBytes;
      expect(each).toBeGreaterThan(500);
      two.heldBytesMax = 1.5 * each;
      store.enter(key(two, 'y', 'b'), leecher, 1);
      expect(store.enter(key(two, 'z', 'c'), leecher, 1)).toBe('memory_full');
      expect([store.size, store.peers, two.heldBytes]).toEqual([2, 2, each]);
      store.leave(key(two, 'y', 'b'));
      store.expire(10);
      expect([store.size, one.heldBytes, two.heldBytes]).toEqual([0, 0, 0]);
    });

    it('has room for so many peers in all, of one address, and of one /48', () => {
      const store = open({ peersMax: 12, peersPerAddressMax: 1 });
      const from = (address: string, id: string) => store.enter(key(new TestLink(address), id), leecher, 0);
      expect(typeof from('192.0.2.1', 'a')).toBe('object');
      expect(from('192.0.2.1', 'b')).toBe('address_peers_full');
      const site = Array.from({ length: 9 }, (_, net) => from(`2001:db8:1:${net}::/64`, `c${net}`));
      expect(site.map((one) => typeof one === 'object')).toEqual([...Array<boolean>(8).fill(true), false]);
      for (let net = 0; net < 3; net++) from(`192.0.2.${net + 10}`, `d${net}`);
      expect([store.peers, from('192.0.2.99', 'e')]).toEqual([12, 'peers_full']);
      store
        .find('a')!
        .find('a')!
        .link.peers.forEach((peer) => store.remove(peer));
      expect(typeof from('192.0.2.1', 'f')).toBe('object');
    });

    it('removes those who were not seen for too long, the others not', () => {
      const [store, link] = [open(), new TestLink()];
      for (const [at, peer] of ['w', 'x', 'y', 'z'].entries()) store.enter(key(link, peer), leecher, at);
      store.enter(key(link, 'w'), leecher, 9);
      const touched = store.find('a')!.find('x')!;
      store.touch(touched, 9);
      store.expire(3);
      expect([[...store.find('a')!.peers()].map((peer) => peer.id).sort(), store.expired]).toEqual([
        ['w', 'x', 'z'],
        1,
      ]);
    });

    it('tells the largest swarms, and no more than are asked for', () => {
      const store = open();
      for (const [infoHash, peers] of [
        ['a', 2],
        ['b', 5],
        ['c', 1],
        ['d', 3],
      ] as const) {
        for (let at = 0; at < peers; at++)
          store.enter(key(new TestLink(), `${at}`, infoHash), at === 0 ? seeder : leecher, 0);
      }
      const largest = (count: number): string[] => store.largest(count).map(({ infoHash }) => infoHash);
      expect(largest(3)).toEqual(['b', 'd', 'a']);
      expect(largest(9)).toEqual(['b', 'd', 'a', 'c']);
      expect(open().largest(3)).toEqual([]);
    });

    it('is walked through while swarms go, each once', () => {
      const store = open();
      const links = ['a', 'b', 'c', 'd'].map((infoHash) => {
        const link = new TestLink();
        for (const id of ['x', 'y']) store.enter(key(link, id, infoHash), id === 'x' ? leecher : seeder, 0);
        return link;
      });
      const seen: string[] = [];
      for (const swarm of store.all()) {
        seen.push(swarm.infoHash);
        for (let peer = swarm.anyPeer; peer !== undefined; peer = swarm.anyPeer) store.remove(peer);
      }
      expect(seen.sort()).toEqual(['a', 'b', 'c', 'd']);
      expect([store.size, store.peers, links.flatMap(({ peers }) => peers)]).toEqual([0, 0, []]);
    });

    it('keeps a swarm for peers at addresses, whose table counts them, as long as one of either kind is in it', () => {
      const store = open({ swarmsMax: 2 });
      const ipPeers = new IpPeerTable(store, { peersMax: 9, peersPerAddressMax: 9 }, plenty());
      const host = (infoHash: string) => ({
        infoHash,
        peerId: 'host',
        endpoint: packEndpoint('192.0.2.7', 1)!,
        addressKey: '192.0.2.7',
      });
      const link = new TestLink();
      store.enter(key(link, 'x'), seeder, 0);
      for (const infoHash of ['a', 'b'])
        expect(typeof ipPeers.enter(host(infoHash), leecher, 0)).toBe('object');
      expect([ipPeers.enter(host('c'), leecher, 0), store.open('c')]).toEqual(['swarms_full', undefined]);
      expect([store.open('a') === store.find('a'), counts(store)]).toEqual([true, [1, 1, 0]]);
      store.leave(key(link, 'x'));
      expect([store.size, store.peers, counts(store)]).toEqual([2, 0, [0, 1, 0]]);
      store.enter(key(link, 'y', 'b'), leecher, 0);
      for (const infoHash of ['a', 'b']) ipPeers.leave(host(infoHash));
      expect([store.size, counts(store), counts(store, 'b')]).toEqual([1, undefined, [0, 1, 0]]);
      const opened = store.open('c')!; // and nobody comes
      store.forgetIfEmpty(opened);
      store.forgetIfEmpty(store.find('b')!);
      expect([store.find('c'), store.size]).toEqual([undefined, 1]);
    });

    it('leaves an id to its first holder as long as that lives, and gives it to who waits when it does not', () => {
      const [store, first, second] = [open(), new TestLink(), new TestLink('192.0.2.2')];
      store.enter(key(first, 'x'), leecher, 0);
      expect(store.enter(key(second, 'x'), seeder, 0)).toBe('peer_id_contested');
      expect([first.probes, counts(store)]).toEqual([1, [0, 1, 0]]);
      first.probedUntilMs = 0; // it answers
      expect(store.enter(key(second, 'x'), seeder, 1_000)).toBe('peer_id_held');
      first.end(store); // and leaves by itself: nobody inherits
      expect(store.peers).toBe(0);

      const [third, fourth] = [new TestLink(), new TestLink('192.0.2.2')];
      store.enter(key(third, 'x'), leecher, 2_000);
      store.enter(key(fourth, 'x'), seeder, 2_000);
      third.end(store);
      expect([store.find('a')?.find('x')?.link === fourth, counts(store)]).toEqual([true, [1, 0, 0]]);
      fourth.end(store);
      expect([store.size, store.peers]).toEqual([0, 0]);
    });

    it('gives no id to who waited for a holder that answered, whatever it is asked when it leaves', () => {
      const [store, holder, stranger] = [open(), new TestLink(), new TestLink('192.0.2.2')];
      store.enter(key(holder, 'x'), leecher, 0);
      store.enter(key(stranger, 'x'), leecher, 0);
      holder.probedUntilMs = 0; // it answers
      holder.probe(); // and is asked for another of its ids
      holder.end(store);
      expect(store.peers).toBe(0);
    });

    it('asks a holder again only after a while, and lets only so many wait', () => {
      const [store, holder, other] = [open(), new LivelyLink(), new TestLink()];
      store.enter(key(holder, 'x'), leecher, 0);
      for (const nowMs of [0, 10_000, 20_000, 41_000]) store.enter(key(other, 'x'), leecher, nowMs);
      expect(holder.probes).toBe(2);
      const silent = new TestLink();
      store.enter(key(silent, 'y'), leecher, 0);
      const crowd = Array.from({ length: 5 }, () => store.enter(key(new TestLink(), 'y'), leecher, 0));
      expect(crowd.slice(3)).toEqual(['peer_id_contested', 'peer_id_held']);
    });

    /** What happened, seen from outside: which link holds which id in which swarm, and whether it seeds. */
    type Held = { link: number; torrent: string; id: string; seeds: boolean; at: number };
    const step = fc.record({
      link: fc.nat(4),
      torrent: fc.constantFrom('a', 'b'),
      id: fc.constantFrom('x', 'y', 'z'),
      what: fc.constantFrom('seed', 'leech', 'same', 'complete', 'stop', 'close', 'expire'),
    });

    it('agrees with a plain list after any sequence of announces, stops, closes and expiries', () => {
      fc.assert(
        fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
          const store = open();
          const links = Array.from({ length: 5 }, () => new LivelyLink());
          let model: Held[] = [];
          steps.forEach(({ link, torrent, id, what }, at) => {
            const held = model.find((one) => one.torrent === torrent && one.id === id);
            const isOwn = held?.link === link;
            const where = key(links[link]!, id, torrent);
            if (what === 'close') {
              store.removeAllOf(links[link]!);
              model = model.filter((one) => one.link !== link);
            } else if (what === 'expire') {
              store.expire(at - 10);
              model = model.filter((one) => one.at >= at - 10);
            } else if (what === 'stop') {
              expect(store.has(where)).toBe(isOwn);
              store.leave(where);
              if (isOwn) model = model.filter((one) => one !== held);
            } else {
              const isSeeder = what === 'same' ? undefined : what !== 'leech';
              const result = store.enter(where, { isSeeder, hasCompleted: what === 'complete' }, at);
              expect(typeof result).toBe(held === undefined || isOwn ? 'object' : 'string');
              if (typeof result === 'string') return;
              const seeds = isSeeder ?? held?.seeds ?? false;
              model = [...model.filter((one) => one !== held), { link, torrent, id, seeds, at }];
            }
          });
          expect(store.peers).toBe(model.length);
          expect(store.size).toBe(new Set(model.map((one) => one.torrent)).size);
          links.forEach((link, index) =>
            expect(link.peers.length).toBe(model.filter((one) => one.link === index).length),
          );
          for (const torrent of new Set(model.map((one) => one.torrent))) {
            const here = model.filter((one) => one.torrent === torrent);
            const swarm = store.find(torrent)!;
            const complete = here.filter((one) => one.seeds).length;
            expect([swarm.complete, swarm.incomplete]).toEqual([complete, here.length - complete]);
            for (const { id, link } of here) expect(swarm.find(id)?.link).toBe(links[link]);
          }
        }),
        { numRuns: 2_000 },
      );
    });
  });
}
