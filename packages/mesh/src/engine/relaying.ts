// Packets on their way: each is checked once, passed on once over a link, delivered once, announced where the tree does not lead,
// and asked for where it was announced and did not come.
import {
  CHUNK_BYTES_MAX,
  HOPS_MAX,
  packetSigningBytes,
  readPacket,
  shortOf,
  writeLinkFrame,
  writePacket,
  type Announcement,
  type LinkFrame,
  type Packet,
  type PacketHeader,
  type PacketId,
  type PacketKind,
} from '@relay-swarm/protocol/mesh-packet';
import { ProtocolError } from '@relay-swarm/protocol/fields';
import { cutTag, readRoute, tagOf, type Branch } from '@relay-swarm/protocol/mesh-route';
import { Budget } from './budget.ts';
import type { Core } from './core.ts';
import { laneOf, type Link } from './link.ts';
import { messageKey, Ordering, Reassembly } from './messages.ts';
import { unreachedParts } from './overlay.ts';
import { KeptPackets, MissingPackets, packetKey, type Held } from './repair.ts';
import { routeAlong, routesOf } from './routes.ts';
import { SeenPackets } from './seen.ts';
import { pathTo, primTree, shortestPathTree, type Tree } from './trees.ts';

type PacketFrame = Extract<LinkFrame, { type: 'packet' }>;
/** A copy that came while the first was being checked. */
interface Arrival {
  /** Undefined: a server passed it on. */
  readonly from: string | undefined;
  readonly frame: PacketFrame;
}

const NO_ROUTE = new Uint8Array();
const UNCHECKED_MAX = 1_024;
const COPIES_MAX = 16;
/** How often one packet is sent to one peer that asks for it. */
const SERVED_MAX = 3;
/** A member is counted as missing by the mesh only after this: a newcomer has had no time to be linked yet. */
const NEWCOMER_MS = 1_000;

export class Relaying {
  readonly #core: Core;
  readonly #takeStatus: (packet: Packet, frame: Uint8Array) => void;
  readonly #seen = new SeenPackets();
  readonly #kept: KeptPackets;
  readonly #missing: MissingPackets;
  readonly #reassembly: Reassembly;
  readonly #ordering: Ordering;
  readonly #linkBudget: Budget;
  readonly #sourceBudget: Budget;
  readonly #unchecked = new Map<string, Arrival[]>();
  #routes: { version: number; byChild: Map<string, Uint8Array> } | undefined;
  #tree: { version: number; tree: Tree } | undefined;
  #order = 0;

  constructor(core: Core, takeStatus: (packet: Packet, frame: Uint8Array) => void) {
    const { options, timers } = core;
    this.#core = core;
    this.#takeStatus = takeStatus;
    this.#kept = new KeptPackets({ bytesMax: options.keptBytesMax, keptMs: options.keptMs });
    this.#reassembly = new Reassembly(options.messageBytesMax);
    this.#sourceBudget = new Budget({
      bytesPerSecond: options.sourceBytesPerSecond,
      packetsPerSecond: options.sourcePacketsPerSecond,
    });
    this.#linkBudget = new Budget({
      bytesPerSecond: options.linkBytesPerSecond,
      packetsPerSecond: options.linkPacketsPerSecond,
    });
    this.#ordering = new Ordering({
      timers,
      waitMs: options.orderedWaitMs,
      deliver: ({ header, payload, hops }) => {
        core.stats.delivered++;
        core.act({
          type: 'deliver',
          source: header.source,
          payload,
          isDirect: header.kind === 'direct',
          hops,
        });
      },
    });
    this.#missing = new MissingPackets({
      timers,
      firstDelayMs: (bytes) =>
        Math.max(options.wantDelayMs, options.wantDelayRtts * this.#slowRttMs()) + this.#transferMs(bytes),
      nextDelayMs: (bytes, peer) =>
        50 + 2 * (core.links.get(peer)?.rttMs ?? 100) + 2 * this.#transferMs(bytes),
      choose: (holders) => {
        let best: Link | undefined;
        for (const peer of holders) {
          const link = core.links.get(peer);
          if (link && (best === undefined || link.rttMs < best.rttMs)) best = link;
        }
        return best?.peer;
      },
      ask: (peer, id) => {
        const link = core.links.get(peer);
        if (!link) return;
        core.stats.repairsAsked++;
        core.send(link, writeLinkFrame({ type: 'want', packets: [id] }), 0);
      },
      progressAtMs: (id) => this.#reassembly.progressAtMs(messageKey(id)),
    });
  }

  /** Our tree over the view as it is now. */
  get tree(): Tree {
    const { view, options, identity } = this.#core;
    if (this.#tree?.version === view.version) return this.#tree.tree;
    const root = view.graph.index.get(identity.id);
    const make = options.tree === 'prim' ? primTree : shortestPathTree;
    const tree = root === undefined ? new Int32Array(view.graph.ids.length).fill(-1) : make(view.graph, root);
    this.#tree = { version: view.version, tree };
    return tree;
  }

  /** What is held for others. */
  get held(): { keptBytes: number; missing: number; unfinished: number; unchecked: number } {
    return {
      keptBytes: this.#kept.bytes,
      missing: this.#missing.size,
      unfinished: this.#reassembly.size,
      unchecked: this.#unchecked.size,
    };
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

  receive(from: string | undefined, frame: PacketFrame): void {
    const { stats, identity, nowMs } = this.#core;
    const packet = readPacket(frame.packet);
    if (packet.source === identity.id || frame.hops >= HOPS_MAX) return;
    const id = idOf(packet);
    const key = packetKey(id);
    if (this.#seen.has(id)) {
      stats.duplicates++;
      this.#duplicate(this.#kept.get(key), { from, frame });
      return;
    }
    const copies = this.#unchecked.get(key);
    if (copies) {
      stats.duplicates++;
      if (copies.length < COPIES_MAX) copies.push({ from, frame });
      return;
    }
    // Checking costs us something, so the link pays for it: the source's name may be borrowed.
    const isAfforded =
      this.#unchecked.size < UNCHECKED_MAX &&
      this.#linkBudget.pay(from ?? 'server', frame.packet.length, nowMs);
    if (!isAfforded) {
      stats.overBudget++;
      return;
    }
    this.#unchecked.set(key, []);
    this.#check(key, packet, { from, frame });
  }

  announced(from: Link, packets: readonly Announcement[]): void {
    if (!this.#core.options.isRepairing) return;
    for (const { bytes, ...id } of packets) {
      const key = packetKey(id);
      from.haves.delete(key); // it has it, so it needs no word of ours
      if (this.#seen.has(id)) this.#kept.get(key)?.known.add(from.peer);
      else
        this.#missing.announced(key, id, Math.min(bytes, 2 * CHUNK_BYTES_MAX), from.peer, this.#core.nowMs);
    }
  }

  wanted(from: Link, packets: readonly PacketId[]): void {
    for (const id of packets) {
      const held = this.#kept.get(packetKey(id));
      const asked = held?.asked.get(from.peer) ?? 0;
      if (!held || asked >= SERVED_MAX) continue;
      held.asked.set(from.peer, asked + 1);
      held.known.add(from.peer);
      this.#core.stats.repairsServed++;
      this.#transmit(from, held, NO_ROUTE, true);
    }
  }

  clear(): void {
    this.#seen.clear();
    this.#kept.clear();
    this.#missing.clear();
    this.#reassembly.clear();
    this.#ordering.clear();
    this.#unchecked.clear();
    this.#routes = this.#tree = undefined;
  }

  get late(): number {
    return this.#ordering.late;
  }

  #check(key: string, packet: Packet, arrival: Arrival): void {
    const { identity, stats, links } = this.#core;
    const { frame, from } = arrival;
    this.#core.verify(
      packet.source,
      packetSigningBytes(identity.room, frame.packet),
      frame.signature,
      (isGood) => {
        const copies = this.#unchecked.get(key) ?? [];
        if (isGood) {
          this.#unchecked.delete(key);
          this.#accept(key, packet, arrival);
          for (const copy of copies) this.#duplicate(this.#kept.get(key), copy);
          return;
        }
        stats.forged++;
        const link = from === undefined ? undefined : links.get(from);
        if (link) link.faults++;
        const next = copies.shift(); // whoever forged this one must not keep the true one out
        if (!next) this.#unchecked.delete(key);
        else this.#check(key, readPacket(next.frame.packet), next);
      },
    );
  }

  #accept(key: string, packet: Packet, { from, frame }: Arrival): void {
    const { stats, nowMs, identity } = this.#core;
    if (!this.#sourceBudget.pay(packet.source, frame.packet.length, nowMs)) {
      stats.overBudget++;
      return;
    }
    const id = idOf(packet);
    this.#seen.add(id);
    stats.packets++;
    const held: Held = {
      id,
      packet: frame.packet,
      signature: frame.signature,
      kind: packet.kind,
      hops: frame.hops + 1,
      known: new Set(this.#missing.arrived(key)),
      keptAtMs: nowMs,
      asked: new Map(),
    };
    if (from !== undefined) held.known.add(from);
    this.#kept.add(key, held);
    const isForUs = packet.kind !== 'direct' || packet.target === shortOf(identity.id);
    if (packet.kind !== 'direct' || !isForUs) this.#passOn(held, frame);
    if (packet.kind === 'status') {
      this.#takeStatus(packet, writeLinkFrame({ ...frame, hops: 0, isRepair: false, route: NO_ROUTE }));
      return;
    }
    this.#core.act({ type: 'passed', source: packet.source, from: from ?? '', hops: held.hops });
    if (!isForUs) return;
    const whole = this.#reassembly.add(packet, packet.payload, nowMs);
    if (whole) this.#ordering.add({ header: packet, payload: whole, hops: held.hops }, nowMs);
  }

  /** A further copy: whoever sent it has it, and those behind us on its way may still depend on us. */
  #duplicate(held: Held | undefined, { from, frame }: Arrival): void {
    if (!held) return;
    if (from !== undefined) held.known.add(from);
    if (frame.route.length > 0) this.#passOnAlong(held, frame.route);
  }

  #passOn(held: Held, frame: PacketFrame): void {
    if (held.kind === 'flood' || held.kind === 'status' || frame.isRepair) this.#flood(held, frame.isRepair);
    else this.#passOnAlong(held, frame.route);
    if (held.kind === 'tree') this.#announce(held);
  }

  #passOnAlong(held: Held, route: Uint8Array): void {
    const { links, view, stats } = this.#core;
    for (const branch of this.#branches(route, 2 * view.size + 64)) {
      let isFound = false;
      for (const link of links.values()) {
        if (cutTag(tagOf(link.peer), branch.bits) !== branch.tag) continue;
        isFound = true;
        if (held.known.has(link.peer)) continue;
        held.known.add(link.peer);
        this.#transmit(link, held, branch.route, false);
        break;
      }
      if (!isFound) stats.lostBranches++;
    }
  }

  /** A route that cannot be read, or that names more than the room can hold, is passed on to nobody: announcements do the rest. */
  #branches(route: Uint8Array, membersMax: number): Branch[] {
    try {
      return readRoute(route, membersMax);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#core.stats.faults++;
      return [];
    }
  }

  #flood(held: Held, isRepair: boolean): void {
    let eager = this.#core.options.floodLinksMax;
    for (const link of this.#core.links.values()) {
      if (held.known.has(link.peer)) continue;
      if (eager-- <= 0) break;
      held.known.add(link.peer);
      this.#transmit(link, held, NO_ROUTE, isRepair);
    }
    if (eager < 0) this.#announce(held);
  }

  /** To everybody who has not had it from us or told us of it. */
  #announce(held: Held): void {
    const { links, options, timers, nowMs } = this.#core;
    if (!options.isRepairing) return;
    const key = packetKey(held.id);
    for (const link of links.values()) {
      if (held.known.has(link.peer)) continue;
      if (link.haves.size === 0) {
        timers.at(nowMs + options.announceDelayMs, () => this.#flushHaves(link));
      }
      link.haves.set(key, { ...held.id, bytes: held.packet.length });
    }
  }

  #flushHaves(link: Link): void {
    if (link.haves.size === 0 || this.#core.links.get(link.peer) !== link) return;
    const packets = [...link.haves.values()];
    link.haves.clear();
    this.#core.stats.announced += packets.length;
    this.#core.send(link, writeLinkFrame({ type: 'have', packets }), 0);
  }

  #transmit(link: Link, held: Held, route: Uint8Array, isRepair: boolean): void {
    const { packet, signature, hops } = held;
    const bytes = writeLinkFrame({ type: 'packet', hops, isRepair, route, packet, signature });
    const lane = held.kind === 'status' ? 0 : laneOf(bytes.length);
    if (!this.#core.send(link, bytes, lane)) return;
    this.#core.stats.forwarded++;
    this.#core.stats.routeBytes += route.length;
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
    this.#kept.add(packetKey(id), held);
    if (header.kind === 'tree') {
      for (const [child, route] of this.#currentRoutes()) {
        const link = links.get(child);
        if (!link) continue;
        held.known.add(child);
        this.#transmit(link, held, route, false);
      }
      this.#announce(held);
    } else if (header.kind === 'direct' && !isFlooded) this.#direct(held, to!);
    else this.#flood(held, isFlooded);
    if (header.kind !== 'status') this.#fallBack(held, header.kind === 'direct' ? to : undefined);
  }

  #direct(held: Held, to: string): void {
    const { view, links, identity } = this.#core;
    const neighbour = links.get(to);
    if (neighbour) {
      this.#transmit(neighbour, held, NO_ROUTE, false);
      return;
    }
    const { graph } = view;
    const target = graph.index.get(to);
    const root = graph.index.get(identity.id);
    if (target === undefined || root === undefined) return;
    const path = pathTo(this.tree, root, target);
    const link = path.length === 0 ? undefined : links.get(graph.ids[path[0]!]!);
    if (link) this.#transmit(link, held, routeAlong(graph, path), false);
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

  /** Of our links, what nine of ten stay below. */
  #slowRttMs(): number {
    const rtts = [...this.#core.links.values()].map(({ rttMs }) => rttMs).sort((a, b) => a - b);
    return rtts[Math.floor(rtts.length * 0.9)] ?? 0;
  }

  #transferMs(bytes: number): number {
    return (1_000 * bytes) / this.#core.options.bytesPerSecond;
  }
}

const idOf = ({ source, epoch, seq, chunk }: PacketHeader): PacketId => ({
  source: shortOf(source),
  epoch,
  seq,
  chunk,
});
