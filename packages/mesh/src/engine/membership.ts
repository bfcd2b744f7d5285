// Who comes and goes, and what we tell the others of our own links: a signed status, at once when something changes, and now and then.
import {
  packetSigningBytes,
  readPacket,
  readStatus,
  shortOf,
  writeLinkFrame,
  writeStatus,
  type LinkFrame,
  type Packet,
  type StatusLink,
} from '@relay-swarm/protocol/mesh-packet';
import type { Core } from './core.ts';
import type { Link } from './link.ts';
import type { Timer } from './timers.ts';

/** A status's version for the servers: it grows with every start, and with every message within one. */
const SEQS_PER_EPOCH = 2 ** 21;
const UNCHECKED_MAX = 2_048;
const CROWD = 40;

export class Membership {
  readonly #core: Core;
  readonly #send: (payload: Uint8Array, then: (frame: Uint8Array) => void) => { epoch: number; seq: number };
  #due: Timer | undefined;
  #publishedAtMs = Number.NEGATIVE_INFINITY;
  #published: readonly StatusLink[] = [];
  #isLeaving = false;
  #unchecked = 0;

  constructor(
    core: Core,
    send: (payload: Uint8Array, then: (frame: Uint8Array) => void) => { epoch: number; seq: number },
  ) {
    this.#core = core;
    this.#send = send;
  }

  snapshot(server: string, ids: readonly string[]): void {
    const { view, nowMs } = this.#core;
    const there = new Set(ids);
    for (const id of [...view.ids()]) if (!there.has(id)) view.absent(server, id, nowMs);
    for (const id of ids) this.presence(server, id, true);
  }

  presence(server: string, id: string, isPresent: boolean): void {
    const { view, nowMs, identity } = this.#core;
    if (id === identity.id) return;
    if (!isPresent) view.absent(server, id, nowMs);
    else if (view.present(server, id, nowMs)) this.#core.act({ type: 'member-joined', id });
  }

  /** As a server has passed it on: for the view only. The mesh brings it too, to those without a server as well. */
  fromServer(frame: LinkFrame): void {
    if (frame.type !== 'packet' || this.#unchecked >= UNCHECKED_MAX) return;
    const { identity, view } = this.#core;
    const packet = readPacket(frame.packet);
    const isNews = view.isNews(packet.source, packet.epoch, packet.seq);
    if (packet.kind !== 'status' || packet.source === identity.id || !isNews) return;
    this.#unchecked++;
    const signed = packetSigningBytes(identity.room, frame.packet);
    this.#core.verify(packet.source, signed, frame.signature, (isGood) => {
      this.#unchecked--;
      if (isGood) this.take(packet, writeLinkFrame(frame));
      else this.#core.stats.forged++;
    });
  }

  /** A status whose signature is good. */
  take(packet: Packet, frame: Uint8Array): void {
    const { view, nowMs } = this.#core;
    const { links, isLeaving } = readStatus(packet.payload);
    const { source: id, epoch, seq } = packet;
    const before = view.version;
    const what = view.take(id, { epoch, seq, links, isLeaving, frame }, nowMs);
    if (what === 'joined') this.#core.act({ type: 'member-joined', id });
    if (what === 'left') this.#core.act({ type: 'member-left', id });
    if (view.version !== before) this.#core.act({ type: 'view-changed' });
  }

  /** Our links, or their round-trip times, are not what they were. */
  linksChanged(): void {
    if (this.#core.isViewShared) return;
    const { view, identity } = this.#core;
    const before = view.version;
    view.ownLinks(identity.id, this.#ownLinks());
    if (view.version !== before) this.#core.act({ type: 'view-changed' });
    this.#publishAfter(this.#core.options.statusDelayMs);
  }

  measured(link: Link): void {
    const told = this.#published.find(({ peer }) => peer === shortOf(link.peer))?.rttMs ?? 0;
    if (Math.abs(told - link.rttMs) > Math.max(10, told / 2)) this.linksChanged();
  }

  /** Now and then, less often in large rooms: what was lost or never told is told again. */
  keepTelling(): void {
    const { options, view, nowMs, isViewShared } = this.#core;
    if (isViewShared) return;
    const everyMs = options.statusEveryMs * Math.max(1, view.size / 100);
    if (nowMs - this.#publishedAtMs >= everyMs) this.#publish();
  }

  linkOpened(link: Link): void {
    if (this.#core.isViewShared) return;
    this.#core.send(link, writeLinkFrame({ type: 'digest', statuses: this.#core.view.digest() }), 0);
  }

  digest(from: Link, statuses: readonly { member: string; epoch: number; seq: number }[]): void {
    for (const frame of this.#core.view.newerThan(statuses)) this.#core.send(from, frame, 0);
  }

  leave(then: () => void): void {
    this.#isLeaving = true;
    this.#publish(then);
  }

  #publishAfter(delayMs: number): void {
    const { timers, nowMs, view } = this.#core;
    if (this.#due?.run || this.#isLeaving) return;
    // The first change is told almost at once, those that follow it together: longer in large rooms, where all have to read it.
    const pauseMs = 4 * delayMs * Math.max(1, view.size / CROWD);
    const atMs = Math.max(nowMs + delayMs, this.#publishedAtMs + pauseMs);
    this.#due = timers.at(atMs, () => {
      this.#due = undefined;
      this.#publish();
    });
  }

  #publish(then?: () => void): void {
    const { nowMs, view, identity } = this.#core;
    this.#publishedAtMs = nowMs;
    const links = (this.#published = this.#isLeaving ? [] : this.#ownLinks());
    const isLeaving = this.#isLeaving;
    const { epoch, seq } = this.#send(writeStatus(links, isLeaving), (frame) => {
      if (!isLeaving) view.take(identity.id, { epoch, seq, links, isLeaving, frame }, this.#core.nowMs);
      this.#core.act({ type: 'publish', version: epoch * SEQS_PER_EPOCH + seq, bytes: frame });
      then?.();
    });
  }

  #ownLinks(): StatusLink[] {
    return [...this.#core.links.values()].map(({ peer, rttMs }) => ({
      peer: shortOf(peer),
      rttMs: Math.max(1, Math.round(rttMs)),
    }));
  }
}
