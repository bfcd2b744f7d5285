import { SwarmTable } from '../../src/swarm/swarm-table.ts';
import { NaiveStore } from '../support/naive-store.ts';
import { describeSwarmStore } from '../support/swarm-store-contract.ts';
import { TestLink } from '../support/links.ts';

describeSwarmStore('SwarmTable', (limits) => new SwarmTable(limits));
describeSwarmStore('a list that is searched', (limits) => new NaiveStore(limits));

it('tells the largest swarms, and no more than are asked for', () => {
  const swarms = new SwarmTable({
    swarmsMax: 1e6,
    swarmsPerLinkMax: 1e6,
    peersMax: 1e6,
    peersPerAddressMax: 1e6,
  });
  for (const [infoHash, peers] of [
    ['a', 2],
    ['b', 5],
    ['c', 1],
    ['d', 3],
  ] as const) {
    for (let index = 0; index < peers; index++)
      swarms.enter(
        { link: new TestLink(), infoHash, peerId: `${index}` },
        { isSeeder: index === 0, hasCompleted: false },
        0,
      );
  }
  expect(swarms.largest(3).map(({ infoHash }) => infoHash)).toEqual(['b', 'd', 'a']);
  expect(swarms.largest(9).map(({ infoHash }) => infoHash)).toEqual(['b', 'd', 'a', 'c']);
  expect(
    new SwarmTable({ swarmsMax: 1, swarmsPerLinkMax: 1, peersMax: 1, peersPerAddressMax: 1 }).largest(3),
  ).toEqual([]);
});
