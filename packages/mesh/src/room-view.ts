// The room as pictures need it: who is there, who is linked to whom, the tree of our own broadcasts.
import type { Engine } from './engine/engine.ts';

export interface RoomView {
  readonly self: string;
  readonly members: readonly string[];
  /** Numbers of members, each pair once. An edge is there when both ends report it. */
  readonly edges: readonly {
    readonly a: number;
    readonly b: number;
    readonly rttMs: number;
    readonly isTree: boolean;
  }[];
  /** For each member the number of its part of the room; one number: the room is whole. */
  readonly components: readonly number[];
  /** For each member the number of its parent in the tree of our broadcasts; -1 for us, and for those that it does not reach. */
  readonly tree: readonly number[];
  /** Round-trip times in milliseconds, row by row; 0 where there is no edge. */
  matrix(): Float64Array;
}

export function viewOf({ view, tree }: Pick<Engine, 'view' | 'tree'>, self: string): RoomView {
  const { graph, components } = view;
  const { ids, starts, targets, rttMs } = graph;
  const edges = ids.flatMap((_, a) =>
    Array.from({ length: starts[a + 1]! - starts[a]! }, (_, i) => starts[a]! + i)
      .filter((at) => targets[at]! > a)
      .map((at) => {
        const b = targets[at]!;
        return { a, b, rttMs: rttMs[at]!, isTree: tree[a] === b || tree[b] === a };
      }),
  );
  return {
    self,
    members: ids,
    edges,
    components: [...components],
    tree: [...tree],
    matrix: () => {
      const matrix = new Float64Array(ids.length ** 2);
      for (const edge of edges) {
        matrix[edge.a * ids.length + edge.b] = matrix[edge.b * ids.length + edge.a] = edge.rttMs;
      }
      return matrix;
    },
  };
}
