// What each child of the root is sent with a packet: its own part of the tree, and nothing else.
import { ByteWriter } from '@relay-swarm/protocol/mesh-bytes';
import {
  cutTag,
  ROUTE_DEPTH_MAX,
  TAG_BITS,
  writeBranch,
  type TagBits,
} from '@relay-swarm/protocol/mesh-route';
import type { Graph } from './graph.ts';
import type { Tree } from './trees.ts';

/** Route by child of the root. Nobody deeper than a packet travels is in them; lazy repair brings them theirs. */
export function routesOf(graph: Graph, tree: Tree, root: number): Map<string, Uint8Array> {
  const children = childrenOf(tree);
  const routes = new Map<string, Uint8Array>();
  for (const child of children[root] ?? []) {
    const writer = new ByteWriter();
    writeChildren(writer, child, 1);
    routes.set(graph.ids[child]!, writer.finish());
  }
  return routes;

  function writeChildren(writer: ByteWriter, parent: number, depth: number): void {
    const list = children[parent];
    if (list === undefined || depth >= ROUTE_DEPTH_MAX) return;
    list.forEach((child, i) => {
      const hasChildren = children[child] !== undefined && depth + 1 < ROUTE_DEPTH_MAX;
      const bits = shortestTag(graph, parent, child);
      writeBranch(writer, graph.tags[child]!, bits, hasChildren, i + 1 < list.length);
      writeChildren(writer, child, depth + 1);
    });
  }
}

/** For one member: the first hop, and the way from there. */
export function routeAlong(graph: Graph, path: readonly number[]): Uint8Array {
  const writer = new ByteWriter();
  for (let i = 1; i < path.length; i++) {
    const bits = shortestTag(graph, path[i - 1]!, path[i]!);
    writeBranch(writer, graph.tags[path[i]!]!, bits, i + 1 < path.length, false);
  }
  return writer.finish();
}

function childrenOf(tree: Tree): (number[] | undefined)[] {
  const children = new Array<number[] | undefined>(tree.length).fill(undefined);
  for (let i = 0; i < tree.length; i++) {
    const parent = tree[i]!;
    if (parent === -1) continue;
    const list = children[parent];
    if (list === undefined) children[parent] = [i];
    else list.push(i);
  }
  return children;
}

/** As many bits as tell the child from all other links of its parent that we know of. */
function shortestTag(graph: Graph, parent: number, child: number): TagBits {
  return (
    TAG_BITS.find((bits) => {
      const tag = cutTag(graph.tags[child]!, bits);
      for (let at = graph.starts[parent]!; at < graph.starts[parent + 1]!; at++) {
        const other = graph.targets[at]!;
        if (other !== child && cutTag(graph.tags[other]!, bits) === tag) return false;
      }
      return true;
    }) ?? 19
  );
}
