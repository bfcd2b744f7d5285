// Copies of one packet to those who should have it: along its route, over every link, or on request; and word of it to the others.
import { ProtocolError } from '@relay-swarm/protocol/fields';
import { writeLinkFrame, type LinkFrame } from '@relay-swarm/protocol/mesh-packet';
import { cutTag, readRoute, tagOf, type Branch } from '@relay-swarm/protocol/mesh-route';
import type { Core } from './core.ts';
import { laneOf, type Link } from './link.ts';
import { KeptPackets, packetKey, type Held } from './repair.ts';

export type PacketFrame = Extract<LinkFrame, { type: 'packet' }>;
export const NO_ROUTE = new Uint8Array();
const WELCOME_MAX = 512;

export class Spread {
  readonly #core: Core;
  readonly kept: KeptPackets;

  constructor(core: Core) {
    this.#core = core;
    this.kept = new KeptPackets({ bytesMax: core.options.keptBytesMax, keptMs: core.options.keptMs });
  }

  passOn(held: Held, frame: PacketFrame): void {
    if (held.kind === 'flood' || held.kind === 'status' || frame.isRepair) this.flood(held, frame.isRepair);
    else this.passOnAlong(held, frame.route);
    if (held.kind === 'tree') this.announce(held);
  }

  passOnAlong(held: Held, route: Uint8Array): void {
    const { links, view, stats } = this.#core;
    for (const branch of this.#branches(route, 2 * view.size + 64)) {
      let isFound = false;
      for (const link of links.values()) {
        if (cutTag(tagOf(link.peer), branch.bits) !== branch.tag) continue;
        isFound = true;
        if (held.known.has(link.peer)) continue;
        held.known.add(link.peer);
        this.transmit(link, held, branch.route, false);
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

  /** `isServed`: servers bring it to everybody whom they vouch for. */
  flood(held: Held, isRepair: boolean, isServed = false): void {
    const { options, links, view } = this.#core;
    let eager = options.floodLinksMax;
    for (const link of links.values()) {
      if (held.known.has(link.peer) || (isServed && view.isVouchedFor(link.peer))) continue;
      if (eager-- <= 0) break;
      held.known.add(link.peer);
      this.transmit(link, held, NO_ROUTE, isRepair);
    }
    if (eager < 0) this.announce(held);
  }

  /** To everybody who has not had it from us or told us of it. */
  announce(held: Held): void {
    for (const link of this.#core.links.values()) {
      if (!held.known.has(link.peer)) this.#announceTo(link, held);
    }
  }

  /**
   * A new neighbour is told what was sent since it is in the room, and asks for what it has missed. That it was sent something over an
   * earlier link tells nothing: that link may have been dead already.
   */
  welcome(link: Link): void {
    const { view, nowMs } = this.#core;
    const sinceMs = nowMs - view.ageMs(link.peer, nowMs);
    for (const held of this.kept.broadcastsSince(sinceMs).slice(0, WELCOME_MAX)) this.#announceTo(link, held);
  }

  #announceTo(link: Link, held: Held): void {
    const { options, timers, nowMs } = this.#core;
    if (!options.isRepairing) return;
    if (link.haves.size === 0) timers.at(nowMs + options.announceDelayMs, () => this.#flushHaves(link));
    link.haves.set(packetKey(held.id), { ...held.id, bytes: held.packet.length });
  }

  #flushHaves(link: Link): void {
    if (link.haves.size === 0 || this.#core.links.get(link.peer) !== link) return;
    const packets = [...link.haves.values()];
    link.haves.clear();
    this.#core.stats.announced += packets.length;
    this.#core.send(link, writeLinkFrame({ type: 'have', packets }), 0);
  }

  transmit(link: Link, held: Held, route: Uint8Array, isRepair: boolean): void {
    const { packet, signature, hops } = held;
    const bytes = writeLinkFrame({ type: 'packet', hops, isRepair, route, packet, signature });
    const lane = held.kind === 'status' ? 0 : laneOf(bytes.length);
    if (!this.#core.send(link, bytes, lane)) return;
    this.#core.stats.forwarded++;
    this.#core.stats.routeBytes += route.length;
  }
}
