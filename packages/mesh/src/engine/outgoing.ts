// Messages of our own: cut into packets, signed, and sent along our tree, along the shortest way to one member, or over every link.
import {
  CHUNK_BYTES_MAX,
  packetSigningBytes,
  shortOf,
  writeLinkFrame,
  writePacket,
  type PacketHeader,
  type PacketId,
  type PacketKind,
} from '@relay-swarm/protocol/mesh-packet';
import type { Core } from './core.ts';
import { unreachedParts } from './overlay.ts';
import { packetKey, type Held } from './repair.ts';
import { routeAlong, routesOf } from './routes.ts';
import { NO_ROUTE, type Spread } from './spread.ts';
import { pathTo, type Tree } from './trees.ts';

/** A member is counted as missing by the mesh only after this: a newcomer has had no time to be linked yet. */
const NEWCOMER_MS = 1_000;

export class Outgoing {
  readonly #core: Core;
  readonly #spread: Spread;
  #routes: { version: number; byChild: Map<string, Uint8Array> } | undefined;
  #tree: { version: number; tree: Tree } | undefined;
  #order = 0;

  constructor(core: Core, spread: Spread) {
    this.#core = core;
    this.#spread = spread;
  }

  /** Our tree over the view as it is now. */
  get tree(): Tree {
    const { view, options, identity } = this.#core;
    if (this.#tree?.version === view.version) return this.#tree.tree;
    const root = view.graph.index.get(identity.id);
    const tree =
      root === undefined ? new Int32Array(view.graph.ids.length).fill(-1) : options.tree(view.graph, root);
    this.#tree = { version: view.version, tree };
    return tree;
  }

  /** Sends a message of our own. */
  originate(
    kind: PacketKind,
    payload: Uint8Array,
    how: { isOrdered?: boolean; to?: string; isFlooded?: boolean; then?: (frame: Uint8Array) => void } = {},
  ): { epoch: number; seq: number } {
    const { identity, stats } = this.#core;
    const { id: source, epoch } = identity;
    const seq = this.#core.nextSeq();
    const order = how.isOrdered === true ? ++this.#order : 0;
    const chunks = Math.max(1, Math.ceil(payload.length / CHUNK_BYTES_MAX));
    const target = how.to === undefined ? {} : { target: shortOf(how.to) };
    if (kind !== 'status') stats.sent++;
    for (let chunk = 0; chunk < chunks; chunk++) {
      const part = payload.subarray(chunk * CHUNK_BYTES_MAX, (chunk + 1) * CHUNK_BYTES_MAX);
      const header: PacketHeader = { kind, source, epoch, seq, chunk, chunks, order, ...target };
      const packet = writePacket({ ...header, payload: part });
      this.#core.sign(packetSigningBytes(identity.room, packet), (signature) => {
        this.#launch(header, packet, signature, how.isFlooded === true, how.to);
        how.then?.(
          writeLinkFrame({ type: 'packet', hops: 0, isRepair: false, route: NO_ROUTE, packet, signature }),
        );
      });
    }
    return { epoch, seq };
  }

  /** Tree, or over every link where that is cheaper. */
  broadcastKind(bytes: number): 'tree' | 'flood' {
    const { options, view } = this.#core;
    const isSmall = bytes <= options.floodBytesMax || view.size <= options.floodMembersMax;
    return isSmall ? 'flood' : 'tree';
  }

  #launch(
    header: PacketHeader,
    packet: Uint8Array,
    signature: Uint8Array,
    isFlooded: boolean,
    to: string | undefined,
  ): void {
    const { nowMs, links } = this.#core;
    const id = idOf(header);
    const held: Held = {
      id,
      packet,
      signature,
      kind: header.kind,
      hops: 0,
      known: new Set(),
      keptAtMs: nowMs,
      asked: new Map(),
    };
    this.#spread.kept.add(packetKey(id), held);
    if (header.kind === 'tree') {
      for (const [child, route] of this.#currentRoutes()) {
        const link = links.get(child);
        if (!link) continue;
        held.known.add(child);
        this.#spread.transmit(link, held, route, false);
      }
      this.#spread.announce(held);
    } else if (header.kind === 'direct' && !isFlooded) this.#direct(held, to!);
    else this.#spread.flood(held, isFlooded, header.kind === 'status' && !isFlooded);
    if (header.kind !== 'status') this.#fallBack(held, header.kind === 'direct' ? to : undefined);
  }

  #direct(held: Held, to: string): void {
    const { view, links, identity } = this.#core;
    const neighbour = links.get(to);
    if (neighbour) {
      this.#spread.transmit(neighbour, held, NO_ROUTE, false);
      return;
    }
    const { graph } = view;
    const target = graph.index.get(to);
    const root = graph.index.get(identity.id);
    if (target === undefined || root === undefined) return;
    const path = pathTo(this.tree, root, target);
    const link = path.length === 0 ? undefined : links.get(graph.ids[path[0]!]!);
    if (link) this.#spread.transmit(link, held, routeAlong(graph, path), false);
  }

  /** What the mesh does not reach, the servers may: two members of each part pass it on there. */
  #fallBack(held: Held, to: string | undefined): void {
    const { view, identity, random, stats, nowMs } = this.#core;
    const { graph, components } = view;
    const self = graph.index.get(identity.id);
    if (self === undefined) return;
    const isThere = (id: string): boolean =>
      view.isVouchedFor(id) && (view.ageMs(id, nowMs) > NEWCOMER_MS || this.#core.links.size === 0);
    const target = to === undefined ? -1 : (graph.index.get(to) ?? -1);
    let receivers: string[] = [];
    if (to === undefined) receivers = unreachedParts(graph, components, identity.id, isThere, random);
    else if (target >= 0 && components[target] !== components[self]) receivers = [to];
    if (receivers.length === 0) return;
    const { packet, signature } = held;
    const bytes = writeLinkFrame({
      type: 'packet',
      hops: 0,
      isRepair: true,
      route: NO_ROUTE,
      packet,
      signature,
    });
    stats.fallbackMessages++;
    stats.fallbackBytes += bytes.length * receivers.length;
    this.#core.act({ type: 'fallback', to: receivers, bytes });
  }

  #currentRoutes(): Map<string, Uint8Array> {
    const { view, identity } = this.#core;
    if (this.#routes?.version === view.version) return this.#routes.byChild;
    const root = view.graph.index.get(identity.id);
    const byChild =
      root === undefined ? new Map<string, Uint8Array>() : routesOf(view.graph, this.tree, root);
    this.#routes = { version: view.version, byChild };
    return byChild;
  }

  clear(): void {
    this.#routes = this.#tree = undefined;
  }
}

export const idOf = ({ source, epoch, seq, chunk }: PacketHeader): PacketId => ({
  source: shortOf(source),
  epoch,
  seq,
  chunk,
});
