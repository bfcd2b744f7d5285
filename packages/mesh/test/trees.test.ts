import { readRoute, tagOf, cutTag } from '@relay-swarm/protocol/mesh-route';
import { shortOf } from '@relay-swarm/protocol/mesh-packet';
import { buildGraph, componentsOf, type Graph } from '../src/engine/graph.ts';
import { routesOf } from '../src/engine/routes.ts';
import { primTree } from '../src/engine/prim.ts';
import { pathTo, shortestPathTree, type Tree } from '../src/engine/trees.ts';
import { createDice, randomId } from '../src/simulator/dice.ts';
import { randomLinks } from '../src/simulator/topology.ts';

function randomGraph(count: number, seed: number): Graph {
  const dice = createDice(seed);
  const ids = Array.from({ length: count }, () => randomId(dice));
  const links = randomLinks(count, 6, 10, dice);
  const rtt = (a: number, b: number): number => 5 + ((a * 31 + b * 31) % 90);
  return buildGraph(
    ids.map((id, i) => ({
      id,
      links: links[i]!.map((j) => ({ peer: shortOf(ids[j]!), rttMs: rtt(i, j) })),
    })),
  );
}

const depths = (tree: Tree, root: number): number[] => [...tree].map((_, i) => pathTo(tree, root, i).length);

describe.each([
  ['shortest-path', shortestPathTree],
  ['prim', primTree],
] as const)('the %s tree', (_name, make) => {
  it('reaches everybody over edges of the graph, without a circle', () => {
    const graph = randomGraph(200, 1);
    const tree = make(graph, 7);
    expect(tree[7]).toBe(-1);
    tree.forEach((parent, i) => {
      if (i === 7) return;
      expect([...graph.targets.slice(graph.starts[i], graph.starts[i + 1])]).toContain(parent);
      expect(pathTo(tree, 7, i).length).toBeGreaterThan(0);
    });
  });

  it('leaves out whom no path leads to', () => {
    const ids = [1, 2, 3].map((seed) => randomId(createDice(seed)));
    const graph = buildGraph([
      { id: ids[0]!, links: [{ peer: shortOf(ids[1]!), rttMs: 1 }] },
      { id: ids[1]!, links: [{ peer: shortOf(ids[0]!), rttMs: 1 }] },
      { id: ids[2]!, links: [] },
    ]);
    expect([...make(graph, 0)]).toEqual([-1, 0, -1]);
    expect([...componentsOf(graph)]).toEqual([0, 0, 1]);
  });

  it('is written so that relays, level by level, reach exactly its members', () => {
    const graph = randomGraph(150, 2);
    const root = 3;
    const tree = make(graph, root);
    const reached = new Set<number>();
    const follow = (at: number, route: Uint8Array): void => {
      reached.add(at);
      for (const branch of readRoute(route, 1_000)) {
        const neighbours = [...graph.targets.slice(graph.starts[at], graph.starts[at + 1])];
        const meant = neighbours.filter((j) => cutTag(tagOf(graph.ids[j]!), branch.bits) === branch.tag);
        expect(meant).toHaveLength(1); // a tag is clear among its parent's links
        expect(tree[meant[0]!]).toBe(at);
        follow(meant[0]!, branch.route);
      }
    };
    for (const [child, route] of routesOf(graph, tree, root)) follow(graph.index.get(child)!, route);
    expect(reached.size).toBe(149);
  });
});

it('is long and thin with Prim’s, which is why it is not the default', () => {
  const graph = randomGraph(300, 3);
  const deepest = (tree: Tree): number => Math.max(...depths(tree, 0));
  expect(deepest(primTree(graph, 0))).toBeGreaterThan(1.5 * deepest(shortestPathTree(graph, 0)));
});

it('is shortest over round-trip times, not over hops', () => {
  const ids = [1, 2, 3].map((seed) => randomId(createDice(seed)));
  const link = (to: number, rttMs: number) => ({ peer: shortOf(ids[to]!), rttMs });
  const graph = buildGraph([
    { id: ids[0]!, links: [link(1, 10), link(2, 400)] },
    { id: ids[1]!, links: [link(0, 10), link(2, 10)] },
    { id: ids[2]!, links: [link(0, 400), link(1, 10)] },
  ]);
  expect([...shortestPathTree(graph, 0)]).toEqual([-1, 0, 1]);
});
