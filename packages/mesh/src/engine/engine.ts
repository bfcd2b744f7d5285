// The mesh as a state machine: events in, actions out. It has no clock, no random numbers, no sockets and no keys: all of them are passed in,
// so that a thousand members run in one simulation exactly as one runs in a browser.
import { ProtocolError } from '@relay-swarm/protocol/fields';
import { readLinkFrame, writeLinkFrame } from '@relay-swarm/protocol/mesh-packet';
import { Budget } from './budget.ts';
import { Core, type Identity } from './core.ts';
import type { EngineAction, EngineEvent } from './events.ts';
import { Link } from './link.ts';
import { Membership } from './membership.ts';
import { engineDefaults, type EngineOptions } from './options.ts';
import { Outgoing } from './outgoing.ts';
import { Relaying } from './relaying.ts';
import { Spread } from './spread.ts';
import type { EngineStats } from './stats.ts';
import type { Tree } from './trees.ts';
import { Upkeep } from './upkeep.ts';
import { View } from './view.ts';

export interface EnginePorts {
  /** From 0 to 1. */
  readonly random: () => number;
  /** A view that several engines of one simulation share; each has its own otherwise. */
  readonly view?: View;
}

export class Engine {
  readonly #core: Core;
  readonly #relaying: Relaying;
  readonly #outgoing: Outgoing;
  readonly #spread: Spread;
  readonly #membership: Membership;
  readonly #upkeep: Upkeep;
  /** What is not a packet, by link. */
  readonly #control: Budget;
  #hasLeft = false;

  constructor(identity: Identity, options: Partial<EngineOptions>, ports: EnginePorts) {
    const all = { ...engineDefaults, ...options };
    const view = ports.view ?? new View(identity.id, all);
    const core = (this.#core = new Core(identity, all, view, ports.random));
    core.isViewShared = ports.view !== undefined;
    this.#control = new Budget({
      bytesPerSecond: all.linkBytesPerSecond,
      packetsPerSecond: all.linkPacketsPerSecond,
    });
    const spread = (this.#spread = new Spread(core));
    this.#outgoing = new Outgoing(core, spread);
    this.#relaying = new Relaying(core, spread, (packet, frame) => this.#membership.take(packet, frame));
    this.#membership = new Membership(core, (payload, isFlooded, then) =>
      this.#outgoing.originate('status', payload, { isFlooded, then }),
    );
    this.#upkeep = new Upkeep(core, (peer) => this.#closed(peer));
  }

  get view(): View {
    return this.#core.view;
  }

  get links(): ReadonlyMap<string, Link> {
    return this.#core.links;
  }

  get stats(): Readonly<EngineStats> {
    return this.#core.stats;
  }

  /** Parents in the tree of our own broadcasts, by the numbers of `view.graph`. */
  get tree(): Tree {
    return this.#outgoing.tree;
  }

  /** What is held, by kind: all zero after leaving. */
  get held(): Readonly<Record<string, number>> {
    const { timers, links, dials, view, awaited } = this.#core;
    const others = { timers: timers.size, links: links.size, dials: dials.size, awaited };
    return { ...others, members: view.size, ...this.#relaying.held };
  }

  /** When to send `wake` next. */
  get wakeAtMs(): number {
    return this.#core.timers.nextMs;
  }

  /** Whether a link that somebody offers is welcome. A true answer keeps a place for it, until `link-open` or `dial-failed`. */
  accepts(peer: string, isBridge: boolean, nowMs: number): boolean {
    this.#core.nowMs = nowMs;
    return !this.#hasLeft && this.#upkeep.accepts(peer, isBridge);
  }

  handle(event: EngineEvent, nowMs: number): readonly EngineAction[] {
    if (this.#hasLeft) return [];
    this.#core.nowMs = nowMs;
    this.#core.timers.runDue(nowMs);
    this.#take(event);
    return this.#core.takeActions();
  }

  #take(event: EngineEvent): void {
    const { links } = this.#core;
    switch (event.type) {
      case 'start':
        this.#upkeep.start();
        this.#membership.linksChanged();
        break;
      case 'members':
        this.#membership.snapshot(event.server, event.ids);
        break;
      case 'presence':
        this.#membership.presence(event.server, event.id, event.isPresent);
        break;
      case 'server-lost':
        this.#membership.serverLost(event.server);
        break;
      case 'status':
      case 'fallback':
        this.#fromServer(event.type, event.bytes);
        break;
      case 'link-open':
        this.#opened(event.peer);
        break;
      case 'link-closed':
        this.#closed(event.peer);
        break;
      case 'dial-failed':
        this.#upkeep.dialFailed(event.peer);
        break;
      case 'frame': {
        const link = links.get(event.peer);
        if (link) this.#frame(link, event.bytes);
        break;
      }
      case 'drained': {
        const link = links.get(event.peer);
        link?.drained();
        if (link) this.#core.pump(link);
        break;
      }
      case 'signed':
        this.#core.answered(event.token, { signature: event.signature });
        break;
      case 'verified':
        this.#guard(undefined, () => this.#core.answered(event.token, { isGood: event.isGood }));
        break;
      case 'broadcast': {
        const { payload, isOrdered } = event;
        this.#outgoing.originate(this.#outgoing.broadcastKind(payload.length), payload, { isOrdered });
        break;
      }
      case 'direct':
        this.#outgoing.originate('direct', event.payload, { to: event.to, isFlooded: event.isFlooded });
        break;
      case 'wake':
        this.#membership.keepTelling();
        break;
      case 'leave':
        this.#leave();
    }
  }

  #opened(peer: string): void {
    const { options, links, dials, nowMs } = this.#core;
    dials.delete(peer);
    const link = new Link(peer, nowMs, {
      windowBytes: options.linkWindowBytes,
      queueBytesMax: options.linkQueueBytesMax,
    });
    links.set(peer, link);
    this.#membership.linkOpened(link);
    this.#spread.welcome(link);
    this.#upkeep.opened(link);
    this.#membership.linksChanged();
  }

  #closed(peer: string): void {
    this.#core.dials.delete(peer);
    if (this.#core.links.delete(peer)) this.#membership.linksChanged();
  }

  #frame(link: Link, bytes: Uint8Array): void {
    link.receivedBytes += bytes.length;
    this.#guard(link, () => {
      const frame = readLinkFrame(bytes);
      if (frame.type !== 'packet' && !this.#control.pay(link.peer, bytes.length, this.#core.nowMs)) {
        this.#core.stats.overBudget++;
        return;
      }
      switch (frame.type) {
        case 'packet':
          this.#relaying.receive(link.peer, frame);
          break;
        case 'have':
          this.#relaying.announced(link, frame.packets);
          break;
        case 'want':
          this.#relaying.wanted(link, frame.packets);
          break;
        case 'digest':
          this.#membership.digest(link, frame.statuses);
          break;
        case 'ping':
          this.#core.send(link, writeLinkFrame({ type: 'pong', token: frame.token }), 0);
          break;
        case 'pong':
          if (this.#upkeep.pong(link, frame.token)) this.#membership.measured(link);
      }
    });
  }

  #fromServer(type: 'status' | 'fallback', bytes: Uint8Array): void {
    this.#guard(undefined, () => {
      const frame = readLinkFrame(bytes);
      if (type === 'status') this.#membership.fromServer(frame);
      else if (frame.type === 'packet') this.#relaying.receive(undefined, { ...frame, isRepair: true });
    });
  }

  /** What cannot be read is its sender's fault; enough of them, and the link is closed. */
  #guard(link: Link | undefined, read: () => void): void {
    try {
      read();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#core.stats.faults++;
      if (link) link.faults++;
    }
  }

  #leave(): void {
    this.#membership.leave(() => {
      this.#hasLeft = true;
      for (const peer of [...this.#core.links.keys(), ...this.#core.dials.keys()]) {
        this.#core.act({ type: 'close', peer, reason: 'left' });
      }
      this.#relaying.clear();
      this.#outgoing.clear();
      this.#upkeep.clear();
      this.#core.clear();
    });
  }
}
