import fc from 'fast-check';
import { PeerStatistics } from '../../src/status/stats.ts';

const pad = (id: string): string => id.padEnd(20, '0');

describe('PeerStatistics', () => {
  it('names clients and versions as the reference server does, with the id’s beginning where no version is told', () => {
    const statistics = new PeerStatistics();
    for (const id of ['-WW0208-', '-lt0D60-', '-qB4250-', 'who am i?', '\u0001\u00ff'])
      statistics.came(pad(id), true, false);
    const { clients } = statistics.stats(1);
    expect(clients).toMatchObject({ WebTorrent: { '2.8': 1 }, unknown: { 'who am i': 1, '..000000': 1 } });
    expect(Object.values(clients).flatMap(Object.keys)).not.toContain('null');
    expect(Object.values(clients).flatMap(Object.keys)).not.toContain('unknown');
  });

  it('counts the peers of a client over its versions', () => {
    const statistics = new PeerStatistics();
    for (const id of ['-WW0208-', '-WW0209-', '-lt0D60-']) statistics.came(pad(id), false, false);
    expect(statistics.byClient()).toMatchObject({ WebTorrent: 2 });
    expect(Object.values(statistics.byClient()).reduce((a, b) => a + b, 0)).toBe(3);
  });

  it('bounds names that peers make up', () => {
    const statistics = new PeerStatistics();
    const ids = Array.from({ length: 500 }, (_, number) => pad(`${number}`.padStart(8, 'x')));
    for (const id of ids) statistics.came(id, false, false);
    const versions = statistics.stats(1).clients['unknown']!;
    expect([Object.keys(versions).length, versions['other']]).toEqual([51, 450]);
    for (const id of ids) statistics.left(id, false);
    expect(statistics.stats(0)).toMatchObject({ peersAll: 0, clients: {} });
  });

  const step = fc.record({
    swarm: fc.nat(3),
    id: fc.constantFrom('-WW0208-a', '-WW0208-b', '-lt0D60-c', '?'),
    seeds: fc.boolean(),
    leaves: fc.boolean(),
  });

  it('agrees with a count over everybody, whatever they did', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const statistics = new PeerStatistics();
        const here = new Map<string, boolean>();
        for (const { swarm, id, seeds, leaves } of steps) {
          const key = `${swarm} ${id}`;
          const known = here.get(key);
          if (leaves) {
            if (known !== undefined) statistics.left(pad(id), known);
            here.delete(key);
          } else {
            if (known === undefined) statistics.came(pad(id), seeds, id.startsWith('-lt'));
            else if (known !== seeds) statistics.changed(pad(id), seeds);
            here.set(key, seeds);
          }
        }
        const ofId = new Map<string, Set<boolean>>();
        for (const [key, seeds] of here)
          ofId.set(key.slice(2), (ofId.get(key.slice(2)) ?? new Set()).add(seeds));
        const kinds = [...ofId.values()];
        expect(statistics.stats(7)).toMatchObject({
          torrents: 7,
          peersAll: ofId.size,
          peersSeederOnly: kinds.filter((kind) => kind.size === 1 && kind.has(true)).length,
          peersLeecherOnly: kinds.filter((kind) => kind.size === 1 && kind.has(false)).length,
          peersSeederAndLeecher: kinds.filter((kind) => kind.size === 2).length,
          peersIPv6: ofId.has('-lt0D60-c') ? 1 : 0,
        });
      }),
    );
  });
});
