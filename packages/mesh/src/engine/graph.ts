// Who is linked to whom, as numbers: the adjacency matrix of a room, without its many zeroes.
// An edge counts when both ends report it, so nobody can draw a line to a member that knows nothing of it.
import { tagOf } from '@relay-swarm/protocol/mesh-route';
import { shortOf, type StatusLink } from '@relay-swarm/protocol/mesh-packet';

export interface Graph {
  readonly ids: readonly string[];
  readonly index: ReadonlyMap<string, number>;
  /** The neighbours of member i are targets[starts[i]] to targets[starts[i + 1] - 1], its round-trip times beside them. */
  readonly starts: Uint32Array;
  readonly targets: Uint32Array;
  readonly rttMs: Float64Array;
  /** What tells each member from others in a route. */
  readonly tags: Uint32Array;
}

export interface Reported {
  readonly id: string;
  readonly links: readonly StatusLink[];
}

/** `trusted` knows its own links: one that it reports needs no second report. */
export function buildGraph(members: readonly Reported[], trusted?: string): Graph {
  const ids = members.map(({ id }) => id);
  const index = new Map(ids.map((id, i) => [id, i]));
  const byShort = new Map(ids.map((id, i) => [shortOf(id), i]));
  const count = ids.length;
  const reports = new Map<number, { by: number; rttMs: number }>();
  const edges: { a: number; b: number; rttMs: number }[] = [];
  const isTrusted = trusted === undefined ? -1 : (index.get(trusted) ?? -1);
  for (let i = 0; i < count; i++) {
    for (const { peer, rttMs } of members[i]!.links) {
      const j = byShort.get(peer);
      if (j === undefined || j === i) continue;
      const pair = Math.min(i, j) * count + Math.max(i, j);
      const other = reports.get(pair);
      if (other === undefined) {
        reports.set(pair, { by: i, rttMs });
        if (i === isTrusted) edges.push({ a: i, b: j, rttMs });
      } else if (other.by >= 0 && other.by !== i) {
        if (other.by !== isTrusted) {
          edges.push({ a: i, b: j, rttMs: i === isTrusted ? rttMs : (rttMs + other.rttMs) / 2 });
        }
        other.by = -1; // counted: a member that lists a link twice adds nothing
      }
    }
  }
  const starts = new Uint32Array(count + 1);
  for (const { a, b } of edges) {
    starts[a + 1]!++;
    starts[b + 1]!++;
  }
  for (let i = 0; i < count; i++) starts[i + 1]! += starts[i]!;
  const next = starts.slice();
  const targets = new Uint32Array(2 * edges.length);
  const rttMs = new Float64Array(2 * edges.length);
  for (const edge of edges) {
    for (const [from, to] of [
      [edge.a, edge.b],
      [edge.b, edge.a],
    ] as const) {
      const at = next[from]!++;
      targets[at] = to;
      rttMs[at] = edge.rttMs;
    }
  }
  return { ids, index, starts, targets, rttMs, tags: Uint32Array.from(ids, tagOf) };
}

/** For each member the number of its component; members of one component reach each other. */
export function componentsOf({ ids, starts, targets }: Graph): Int32Array {
  const labels = new Int32Array(ids.length).fill(-1);
  const stack: number[] = [];
  let label = 0;
  for (let first = 0; first < ids.length; first++) {
    if (labels[first] !== -1) continue;
    labels[first] = label;
    stack.push(first);
    while (stack.length > 0) {
      const from = stack.pop()!;
      for (let at = starts[from]!; at < starts[from + 1]!; at++) {
        const to = targets[at]!;
        if (labels[to] !== -1) continue;
        labels[to] = label;
        stack.push(to);
      }
    }
    label++;
  }
  return labels;
}
