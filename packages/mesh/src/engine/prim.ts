// The original's tree, for comparison: `join(name, { tree: primTree })`. A file of its own, so that nobody else loads it.
import type { Graph } from './graph.ts';
import type { Tree } from './trees.ts';

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
