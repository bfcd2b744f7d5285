// Spanning trees, as the parent of each member: -1 for the root and for those that it does not reach.
import type { Graph } from './graph.ts';

export type Tree = Int32Array;

/** What a hop costs beside half a round trip: reading, checking, queueing. */
const HOP_MS = 3;

/** Dijkstra's, over measured round-trip times: everybody is reached as early as can be. */
export function shortestPathTree(graph: Graph, root: number): Tree {
  const count = graph.ids.length;
  const parents = new Int32Array(count).fill(-1);
  const distance = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
  const isDone = new Uint8Array(count);
  // A heap of (distance, member), two arrays in step; stale entries are passed over.
  const keys: number[] = [0];
  const members: number[] = [root];
  distance[root] = 0;
  while (keys.length > 0) {
    const from = popSmallest(keys, members);
    if (isDone[from] === 1) continue;
    isDone[from] = 1;
    for (let at = graph.starts[from]!; at < graph.starts[from + 1]!; at++) {
      const to = graph.targets[at]!;
      const through = distance[from]! + graph.rttMs[at]! / 2 + HOP_MS;
      if (isDone[to] === 1 || through >= distance[to]!) continue;
      distance[to] = through;
      parents[to] = from;
      push(keys, members, through, to);
    }
  }
  return parents;
}

/** Prim's as in the original: every weight is 1, so "minimum" means nothing, and ties go to the lowest index. Long and thin. */
export function primTree(graph: Graph, root: number): Tree {
  const count = graph.ids.length;
  const parents = new Int32Array(count).fill(-1);
  const isNear = new Uint8Array(count);
  const isDone = new Uint8Array(count);
  isNear[root] = 1;
  for (;;) {
    let from = -1;
    for (let i = 0; i < count; i++) {
      if (isNear[i] === 1 && isDone[i] === 0) {
        from = i;
        break;
      }
    }
    if (from === -1) return parents;
    isDone[from] = 1;
    for (let at = graph.starts[from]!; at < graph.starts[from + 1]!; at++) {
      const to = graph.targets[at]!;
      if (isNear[to] === 1) continue;
      isNear[to] = 1;
      parents[to] = from;
    }
  }
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

function push(keys: number[], members: number[], key: number, member: number): void {
  let i = keys.length;
  keys.push(key);
  members.push(member);
  while (i > 0) {
    const parent = (i - 1) >> 1;
    if (keys[parent]! <= key) break;
    keys[i] = keys[parent]!;
    members[i] = members[parent]!;
    i = parent;
  }
  keys[i] = key;
  members[i] = member;
}

function popSmallest(keys: number[], members: number[]): number {
  const smallest = members[0]!;
  const key = keys.pop()!;
  const member = members.pop()!;
  const length = keys.length;
  if (length === 0) return smallest;
  let i = 0;
  for (;;) {
    let child = 2 * i + 1;
    if (child >= length) break;
    if (child + 1 < length && keys[child + 1]! < keys[child]!) child++;
    if (keys[child]! >= key) break;
    keys[i] = keys[child]!;
    members[i] = members[child]!;
    i = child;
  }
  keys[i] = key;
  members[i] = member;
  return smallest;
}
