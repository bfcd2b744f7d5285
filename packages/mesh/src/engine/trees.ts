// Spanning trees, as the parent of each member: -1 for the root and for those that it does not reach.
import type { Graph } from './graph.ts';
import { popHeap, pushHeap } from './heap.ts';

export type Tree = Int32Array;
export type MakeTree = (graph: Graph, root: number) => Tree;

/** What a hop costs beside half a round trip: reading, checking, queueing. */
const HOP_MS = 3;

/** Dijkstra's, over measured round-trip times: everybody is reached as early as can be. */
export function shortestPathTree(graph: Graph, root: number): Tree {
  const count = graph.ids.length;
  const parents = new Int32Array(count).fill(-1);
  const distance = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
  const isDone = new Uint8Array(count);
  // Stale entries stay in the heap and are passed over
  const heap = [{ key: 0, member: root }];
  distance[root] = 0;
  while (heap.length > 0) {
    const from = popHeap(heap).member;
    if (isDone[from] === 1) continue;
    isDone[from] = 1;
    for (let at = graph.starts[from]!; at < graph.starts[from + 1]!; at++) {
      const to = graph.targets[at]!;
      const through = distance[from]! + graph.rttMs[at]! / 2 + HOP_MS;
      if (isDone[to] === 1 || through >= distance[to]!) continue;
      distance[to] = through;
      parents[to] = from;
      pushHeap(heap, { key: through, member: to });
    }
  }
  return parents;
}

/** The members from the root to this one, without the root; empty where there is no way. */
export function pathTo(tree: Tree, root: number, target: number): number[] {
  const path: number[] = [];
  for (let at = target; at !== root; at = tree[at]!) {
    if (at === -1) return [];
    path.push(at);
  }
  return path.reverse();
}
