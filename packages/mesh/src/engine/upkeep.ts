// What is done without being asked: links made, measured, replaced and closed, parts of the room brought together again.
import { writeLinkFrame } from '@relay-swarm/protocol/mesh-packet';
import type { Core } from './core.ts';
import type { Link } from './link.ts';
import { Backoff, BRIDGES_MAX, dialsNow, pickBridges, pickCandidates, wantedLinks } from './overlay.ts';

const TICK_MS = 250;
const LATE_MS = 250;
const BRIDGE_EVERY_MS = 2_000;
/** A member that no link has reached by then is cut off, not just new. */
const CUT_OFF_MS = 3_000;
const REPLACE_EVERY_MS = 20_000;
/** Links past the maximum, which bridges may cause, are given up after this. */
const SURPLUS_MS = 30_000;
const FAULTS_MAX = 16;

export class Upkeep {
  readonly #core: Core;
  readonly #linkClosed: (peer: string) => void;
  readonly #backoff: Backoff;
  #bridgedAtMs = Number.NEGATIVE_INFINITY;
  #replacedAtMs = 0;
  #replacing: { readonly bad: string; readonly better: string } | undefined;
  #pings = 0;
  #tickedAtMs = 0;

  constructor(core: Core, linkClosed: (peer: string) => void) {
    this.#core = core;
    this.#linkClosed = linkClosed;
    this.#backoff = new Backoff(core.random);
  }

  start(): void {
    this.#replacedAtMs = this.#tickedAtMs = this.#core.nowMs;
    this.#tick();
  }

  /** Somebody wants a link with us. A true answer keeps a place for it. */
  accepts(peer: string, isBridge: boolean): boolean {
    const { links, dials, options, nowMs, identity } = this.#core;
    if (peer === identity.id) return false;
    if (links.has(peer) || dials.has(peer)) return true; // it has lost the link that we still have, or both have dialled
    const places = options.connectionsMax + (isBridge ? BRIDGES_MAX : 0);
    if (links.size + dials.size >= places) return false;
    dials.set(peer, { sinceMs: nowMs });
    return true;
  }

  dialFailed(peer: string): void {
    if (this.#core.dials.delete(peer)) this.#backoff.failed(peer, this.#core.nowMs);
  }

  opened(link: Link): void {
    this.#backoff.forget(link.peer);
    this.#ping(link);
  }

  /** Returns whether it was the answer to our ping. */
  pong(link: Link, token: number): boolean {
    if (link.ping?.token !== token) return false;
    link.measured(Math.max(1, this.#core.nowMs - link.ping.sentAtMs));
    link.ping = undefined;
    return true;
  }

  close(peer: string, reason: string): void {
    this.#core.act({ type: 'close', peer, reason });
    this.#linkClosed(peer);
  }

  clear(): void {
    this.#backoff.clear();
  }

  #tick(): void {
    const { timers, nowMs } = this.#core;
    timers.at(nowMs + TICK_MS, () => this.#tick());
    this.#forgive(nowMs - this.#tickedAtMs - TICK_MS);
    this.#tickedAtMs = nowMs;
    this.#checkLinks();
    this.#checkDials();
    this.#dialMore();
    this.#bridge();
    this.#replace();
    for (const id of this.#core.view.sweep(nowMs)) {
      this.#backoff.forget(id);
      this.#core.act({ type: 'member-left', id });
      this.#core.act({ type: 'view-changed' });
    }
  }

  /** We were asleep, or busy: answers wait to be read, so nobody else is to blame for the silence. */
  #forgive(lateMs: number): void {
    if (lateMs < LATE_MS) return;
    const { links, dials } = this.#core;
    for (const link of links.values()) {
      if (link.ping) link.ping = { ...link.ping, sentAtMs: link.ping.sentAtMs + lateMs };
    }
    for (const [peer, dial] of dials) dials.set(peer, { ...dial, sinceMs: dial.sinceMs + lateMs });
  }

  #checkLinks(): void {
    const { links, options, nowMs } = this.#core;
    for (const link of [...links.values()]) {
      if (link.faults > FAULTS_MAX) this.close(link.peer, 'faults');
      else if (link.isStuck) this.close(link.peer, 'stuck');
      else if (link.ping !== undefined && nowMs - link.ping.sentAtMs > options.silenceMs) {
        this.close(link.peer, 'silent');
      } else if (link.ping === undefined && nowMs >= link.pingedAtMs + options.pingMs) this.#ping(link);
    }
    if (links.size <= options.connectionsMax) return;
    const surplus = [...links.values()].filter(({ openedAtMs }) => nowMs - openedAtMs > SURPLUS_MS);
    const worst = surplus.sort((a, b) => b.rttMs - a.rttMs)[0];
    if (worst) this.close(worst.peer, 'surplus');
  }

  #checkDials(): void {
    const { dials, options, nowMs } = this.#core;
    for (const [peer, { sinceMs }] of [...dials]) {
      if (nowMs - sinceMs <= options.dialTimeoutMs) continue;
      this.dialFailed(peer);
      this.#core.act({ type: 'close', peer, reason: 'timeout' });
    }
  }

  #dialMore(): void {
    const { links, dials, options, view, random } = this.#core;
    const wanted = wantedLinks(options, view.size);
    const count = dialsNow(wanted, links.size, dials.size);
    if (count === 0) return;
    for (const peer of pickCandidates(this.#candidates(), view.graph, count, random)) this.#dial(peer, false);
  }

  #candidates(): string[] {
    const { links, dials, view, identity, nowMs } = this.#core;
    const { graph, components } = view;
    const ours = components[graph.index.get(identity.id)!];
    return graph.ids.filter(
      (id, i) =>
        id !== identity.id &&
        !links.has(id) &&
        !dials.has(id) &&
        (view.isVouchedFor(id) || components[i] === ours) &&
        !this.#backoff.isResting(id, nowMs),
    );
  }

  #bridge(): void {
    const { view, identity, random, nowMs, links, dials } = this.#core;
    if (nowMs - this.#bridgedAtMs < BRIDGE_EVERY_MS || links.size === 0) return;
    this.#bridgedAtMs = nowMs;
    const isThere = (id: string): boolean =>
      view.isVouchedFor(id) && view.ageMs(id, nowMs) > CUT_OFF_MS && !dials.has(id) && !links.has(id);
    for (const peer of pickBridges(view.graph, view.components, identity.id, isThere, random)) {
      this.#dial(peer, true);
    }
  }

  /** A link much slower than the others is given up once a better one has taken its place. */
  #replace(): void {
    const { links, options, view, random, nowMs } = this.#core;
    if (this.#replacing) {
      const better = links.get(this.#replacing.better);
      const bad = links.get(this.#replacing.bad);
      if (better && better.rttMs === 0) return;
      if (better && bad) this.close(better.rttMs < 0.7 * bad.rttMs ? bad.peer : better.peer, 'replaced');
      if (this.#core.dials.has(this.#replacing.better)) return;
      this.#replacing = undefined;
    }
    const wanted = wantedLinks(options, view.size);
    if (nowMs - this.#replacedAtMs < REPLACE_EVERY_MS || links.size < wanted) return;
    this.#replacedAtMs = nowMs;
    if (links.size >= options.connectionsMax) return;
    const byRtt = [...links.values()].sort((a, b) => a.rttMs - b.rttMs);
    const median = byRtt[byRtt.length >> 1]!.rttMs;
    const worst = byRtt.at(-1)!;
    if (worst.rttMs < 2 * median + 20) return;
    const [better] = pickCandidates(this.#candidates(), view.graph, 1, random);
    if (better === undefined) return;
    this.#replacing = { bad: worst.peer, better };
    this.#dial(better, false);
  }

  #dial(peer: string, isBridge: boolean): void {
    this.#core.dials.set(peer, { sinceMs: this.#core.nowMs });
    this.#core.act({ type: 'dial', peer, isBridge });
  }

  #ping(link: Link): void {
    const token = ++this.#pings;
    link.pingedAtMs = this.#core.nowMs;
    link.ping = { token, sentAtMs: this.#core.nowMs };
    this.#core.send(link, writeLinkFrame({ type: 'ping', token }), 0);
  }
}
