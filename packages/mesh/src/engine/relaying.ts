// Packets on their way: each is checked once, passed on once over a link, delivered once, announced where the tree does not lead,
// and asked for where it was announced and did not come.
import {
  CHUNK_BYTES_MAX,
  HOPS_MAX,
  packetSigningBytes,
  readPacket,
  shortOf,
  writeLinkFrame,
  type Announcement,
  type Packet,
  type PacketId,
} from '@relay-swarm/protocol/mesh-packet';
import { Budget } from './budget.ts';
import type { Core } from './core.ts';
import type { Link } from './link.ts';
import { messageKey, Ordering, Reassembly } from './messages.ts';
import { idOf } from './outgoing.ts';
import { MissingPackets, packetKey, type Held } from './repair.ts';
import { SeenPackets } from './seen.ts';
import { NO_ROUTE, type PacketFrame, type Spread } from './spread.ts';

/** A copy that came while the first was being checked. */
interface Arrival {
  /** Undefined: a server passed it on. */
  readonly from: string | undefined;
  readonly frame: PacketFrame;
}

const UNCHECKED_MAX = 1_024;
const COPIES_MAX = 16;
/** How often one packet is sent to one peer that asks for it. */
const SERVED_MAX = 3;

export class Relaying {
  readonly #core: Core;
  readonly #takeStatus: (packet: Packet, frame: Uint8Array) => void;
  readonly #seen = new SeenPackets();
  readonly #spread: Spread;
  readonly #missing: MissingPackets;
  readonly #reassembly: Reassembly;
  readonly #ordering: Ordering;
  readonly #linkBudget: Budget;
  readonly #sourceBudget: Budget;
  readonly #unchecked = new Map<string, Arrival[]>();

  constructor(core: Core, spread: Spread, takeStatus: (packet: Packet, frame: Uint8Array) => void) {
    const { options, timers } = core;
    this.#core = core;
    this.#takeStatus = takeStatus;
    this.#spread = spread;
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
      late: () => {
        core.stats.late++;
      },
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

  /** What is held for others. */
  get held(): { keptBytes: number; missing: number; unfinished: number; unchecked: number } {
    return {
      keptBytes: this.#spread.kept.bytes,
      missing: this.#missing.size,
      unfinished: this.#reassembly.size,
      unchecked: this.#unchecked.size,
    };
  }

  receive(from: string | undefined, frame: PacketFrame): void {
    const { stats, identity, nowMs, view } = this.#core;
    const packet = readPacket(frame.packet);
    if (packet.source === identity.id || frame.hops >= HOPS_MAX) return;
    if (packet.kind === 'status' && !view.isNews(packet.source, packet.epoch, packet.seq)) {
      stats.statuses++; // a server has brought it, or something newer
      return;
    }
    const id = idOf(packet);
    const key = packetKey(id);
    if (this.#seen.has(id)) {
      this.#countCopy(packet);
      this.#duplicate(this.#spread.kept.get(key), { from, frame });
      return;
    }
    const copies = this.#unchecked.get(key);
    if (copies) {
      this.#countCopy(packet);
      if (copies.length < COPIES_MAX) copies.push({ from, frame });
      return;
    }
    // Checking costs us something, so the link pays for it: the source's name may be forged.
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
      if (this.#seen.has(id)) this.#spread.kept.get(key)?.known.add(from.peer);
      else
        this.#missing.announced(key, id, Math.min(bytes, 2 * CHUNK_BYTES_MAX), from.peer, this.#core.nowMs);
    }
  }

  wanted(from: Link, packets: readonly PacketId[]): void {
    for (const id of packets) {
      const held = this.#spread.kept.get(packetKey(id));
      const asked = held?.asked.get(from.peer) ?? 0;
      if (!held || asked >= SERVED_MAX) continue;
      held.asked.set(from.peer, asked + 1);
      held.known.add(from.peer);
      this.#core.stats.repairsServed++;
      this.#spread.transmit(from, held, NO_ROUTE, true);
    }
  }

  clear(): void {
    this.#seen.clear();
    this.#spread.kept.clear();
    this.#missing.clear();
    this.#reassembly.clear();
    this.#ordering.clear();
    this.#unchecked.clear();
  }

  #countCopy({ kind }: Packet): void {
    if (kind === 'status') this.#core.stats.statuses++;
    else this.#core.stats.duplicates++;
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
          for (const copy of copies) this.#duplicate(this.#spread.kept.get(key), copy);
          return;
        }
        stats.forged++;
        const link = from === undefined ? undefined : links.get(from);
        if (link) link.faults++;
        const next = copies.shift(); // a forged copy must not keep the true one out
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
    if (packet.kind === 'status') stats.statuses++;
    else stats.packets++;
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
    this.#spread.kept.add(key, held);
    const isForUs = packet.kind !== 'direct' || packet.target === shortOf(identity.id);
    if (packet.kind !== 'direct' || !isForUs) this.#spread.passOn(held, frame);
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
    if (frame.route.length > 0) this.#spread.passOnAlong(held, frame.route);
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
