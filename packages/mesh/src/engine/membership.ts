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
/** A member without a server asks a neighbour for news so often: others may take some seconds to see that it has none. */
const DIGEST_EVERY_MS = 5_000;
const CROWD = 40;

/** Over the links to those whom no server brings it, or over all. */
type SendStatus = (
  payload: Uint8Array,
  isFlooded: boolean,
  then: (frame: Uint8Array) => void,
) => { epoch: number; seq: number };

export class Membership {
  readonly #core: Core;
  readonly #send: SendStatus;
  #due: Timer | undefined;
  #publishedAtMs = Number.NEGATIVE_INFINITY;
  #published: readonly StatusLink[] = [];
  #isLeaving = false;
  #unchecked = 0;
  /** Those that we have joined. */
  readonly #servers = new Set<string>();
  #digestAtMs = 0;

  constructor(core: Core, send: SendStatus) {
    this.#core = core;
    this.#send = send;
  }

  snapshot(server: string, ids: readonly string[]): void {
    const { view, nowMs } = this.#core;
    this.#servers.add(server);
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

  /** What it would have told us, our neighbours may know. */
  serverLost(server: string): void {
    this.#core.view.serverLost(server);
    if (!this.#servers.delete(server) || this.#servers.size > 0) return;
    for (const link of this.#core.links.values()) this.linkOpened(link);
  }

  /** As a server has passed it on. Neighbours whom no server brings it get it from us. */
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
      if (!isGood) {
        this.#core.stats.forged++;
        return;
      }
      if (!view.isNews(packet.source, packet.epoch, packet.seq)) return; // another server was faster
      const bytes = writeLinkFrame(frame);
      this.take(packet, bytes);
      for (const link of this.#core.links.values()) {
        if (!view.isVouchedFor(link.peer) && link.peer !== packet.source) this.#core.send(link, bytes, 0);
      }
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
    if (nowMs - this.#publishedAtMs >= everyMs && !this.#isNothingToTell) this.#publish();
    if (this.#servers.size > 0 || nowMs - this.#digestAtMs < DIGEST_EVERY_MS) return;
    this.#digestAtMs = nowMs;
    const links = [...this.#core.links.values()];
    const link = links[Math.floor(this.#core.random() * links.length)];
    if (link) this.linkOpened(link);
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

  /** A newcomer has no links yet; that it is there the servers tell. */
  get #isNothingToTell(): boolean {
    return this.#core.links.size + this.#published.length === 0;
  }

  #publishAfter(delayMs: number): void {
    const { timers, nowMs, view } = this.#core;
    if (this.#due?.run || this.#isLeaving || this.#isNothingToTell) return;
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
    const { epoch, seq } = this.#send(writeStatus(links, isLeaving), isLeaving, (frame) => {
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
