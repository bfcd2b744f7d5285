// One node of a cluster: hears who else is there, knows who owns a key, tells the others in order, and notices what is missing.
// What the entries mean is for those who stand on it (edge.ts, owner.ts). No sockets, no timers, no clock: a carrier and ticks are passed in.
import { EntryType, readBatch, type Entry } from './batch.ts';
import type { Carrier } from './carrier.ts';
import { Incoming, Outgoing } from './conversation.ts';
import { readHeartbeat, writeHeartbeat } from './heartbeat.ts';
import { HEARTBEAT_MS, Membership, type Heartbeat } from './membership.ts';
import { Owners } from './owners.ts';
import { SendWindow } from './send-window.ts';

export interface ClusterOptions {
  /** Its subjects begin with it, so that services share one engine. */
  readonly service: string;
  /** 16 hexadecimal characters, new at each start. */
  readonly node: string;
  /** Of what build this node's code is. */
  readonly release?: string;
  readonly carrier: Carrier;
  /** A whole number from 0 to below 2^32, for telling conversations apart. */
  readonly random32: () => number;
  readonly monotonicMs: () => number;
  /** Calls back at the end of this turn. */
  readonly endOfTurn: (callback: () => void) => void;
  readonly gauges: () => Heartbeat['gauges'];
}

/** What is told to those who stand on it. */
export interface ClusterEvents {
  /** Others own keys now. */
  ownersChanged(nowMs: number): void;
  entry(from: string, entry: Entry, nowMs: number): void;
  /** Everything that this node has told is void: it tells it again, or is gone. */
  voided(node: string, nowMs: number): void;
  /** This node is not there any more, and has forgotten what it was told. */
  lost(node: string): void;
  /** This node has to be told everything again. */
  tellAnew(node: string, nowMs: number): void;
}

interface Other {
  readonly outgoing: Outgoing;
  readonly incoming: Incoming;
  askedAtMs: number;
}

/** A node that was asked to tell everything again, and has not, is asked once more after this time. */
const ASK_AGAIN_MS = 1_000;
const NOTHING = new Uint8Array(0);

export class Cluster {
  readonly #options: ClusterOptions;
  readonly #events: ClusterEvents[] = [];
  readonly #membership: Membership;
  readonly #owners: Owners;
  readonly #others = new Map<string, Other>();
  readonly #window: SendWindow;
  #beatAtMs = -Infinity;
  #willSend = false;
  readonly counts = {
    batchesIn: 0,
    batchesOut: 0,
    bytesIn: 0,
    bytesOut: 0,
    gaps: 0,
    resyncs: 0,
    unreadable: 0,
  };

  constructor(options: ClusterOptions) {
    this.#options = options;
    this.#membership = new Membership(options.node);
    this.#owners = new Owners(this.#membership.owners);
    this.#window = new SendWindow(() => options.carrier.flush());
  }

  get node(): string {
    return this.#options.node;
  }

  /** This node and the others. */
  get nodes(): number {
    return this.#membership.others.length + 1;
  }

  /** Whether this other node is there. */
  has(node: string): boolean {
    return this.#others.has(node);
  }

  /** The other nodes that are there. */
  get others(): string[] {
    return [...this.#others.keys()];
  }

  /** How many builds the nodes are of; 1 but during an update. */
  get releases(): number {
    return this.#membership.releases.add(this.#options.release ?? '').size;
  }

  get isTight(): boolean {
    return this.#window.isTight;
  }

  get refusedBytes(): number {
    return this.#window.refusedBytes;
  }

  listen(events: ClusterEvents): void {
    this.#events.push(events);
  }

  start(): void {
    const { carrier, service, node, monotonicMs } = this.#options;
    carrier.subscribe(`rs.${service}.hb`, (bytes) => this.#heard(bytes));
    carrier.subscribe(`rs.${service}.n.${node}`, (bytes) => this.#received(bytes));
    this.tick(monotonicMs());
  }

  /** To be called every quarter of a second, or oftener. */
  tick(nowMs: number): void {
    const before = this.#membership.owners;
    const lost = this.#membership.tick(nowMs);
    for (const node of lost) this.#forget(node, nowMs);
    this.#lookAtOwners(before, nowMs);
    if (nowMs - this.#beatAtMs < HEARTBEAT_MS) return;
    this.#beatAtMs = nowMs;
    this.#beat('there');
    for (const { outgoing } of this.#others.values()) outgoing.send();
  }

  ownerOf(key: string): string {
    return this.#owners.of(key);
  }

  /** The owner whose id comes first: for what lives on one node only. Ids begin with the time of a node's start, so it seldom changes. */
  get firstOwner(): string {
    return this.#membership.owners[0]!;
  }

  /** What the other nodes count, a gauge's values added up. */
  sumOfOthers(): Record<string, number> {
    const sum: Record<string, number> = {};
    for (const gauges of this.#membership.gauges())
      for (const [name, value] of Object.entries(gauges)) sum[name] = (sum[name] ?? 0) + value;
    return sum;
  }

  /** Goes out at the end of this turn. A node that is not there (any more) is told nothing. */
  tell(node: string, type: EntryType, link: number, payload: Uint8Array = NOTHING, detail = 0): void {
    const other = this.#others.get(node);
    if (other === undefined) return;
    other.outgoing.append(type, link, payload, detail);
    if (this.#willSend) return;
    this.#willSend = true;
    this.#options.endOfTurn(() => this.#send());
  }

  /** Owns nothing from now on; its clients are served until it stops. */
  drain(): void {
    const before = this.#membership.owners;
    this.#membership.drain();
    this.#beat('there');
    this.#lookAtOwners(before, this.#options.monotonicMs());
  }

  /** Tells the others that it goes. */
  stop(): void {
    this.#send();
    this.#beat('gone');
  }

  #beat(what: 'there' | 'gone'): void {
    const { service, node, release = '', carrier, gauges } = this.#options;
    const heartbeat = { node, release, isDraining: this.#membership.isDraining, gauges: gauges() };
    carrier.publish(`rs.${service}.hb`, writeHeartbeat(heartbeat, what === 'gone'));
  }

  #send(): void {
    this.#willSend = false;
    for (const { outgoing } of this.#others.values()) outgoing.sendIfAny();
  }

  #heard(bytes: Uint8Array): void {
    const read = readHeartbeat(bytes);
    if (read === undefined) {
      this.counts.unreadable++;
      return;
    }
    const { heartbeat, isGone } = read;
    if (heartbeat.node === this.node) return;
    const nowMs = this.#options.monotonicMs();
    const before = this.#membership.owners;
    if (isGone) {
      if (this.#membership.left(heartbeat.node)) this.#forget(heartbeat.node, nowMs);
    } else {
      const isNew = !this.#membership.has(heartbeat.node);
      this.#membership.heard(heartbeat, nowMs);
      if (isNew) {
        this.#meet(heartbeat.node);
        this.#beat('there'); // a new node need not wait for the next beat
      }
    }
    this.#lookAtOwners(before, nowMs);
  }

  #meet(node: string): void {
    const { service, random32, carrier } = this.#options;
    const publish = (batch: Buffer): void => {
      if (!this.#window.take(batch.length)) return; // the other one notices the gap
      this.counts.batchesOut++;
      this.counts.bytesOut += batch.length;
      carrier.publish(`rs.${service}.n.${node}`, batch);
    };
    const outgoing = new Outgoing(this.node, random32(), publish);
    this.#others.set(node, { outgoing, incoming: new Incoming(), askedAtMs: -Infinity });
  }

  #forget(node: string, nowMs: number): void {
    if (!this.#others.delete(node)) return;
    for (const events of this.#events) {
      events.voided(node, nowMs);
      events.lost(node);
    }
  }

  #lookAtOwners(before: readonly string[], nowMs: number): void {
    const { owners } = this.#membership;
    if (owners === before) return;
    this.#owners.change(owners);
    for (const events of this.#events) events.ownersChanged(nowMs);
  }

  #received(bytes: Uint8Array): void {
    const batch = readBatch(bytes);
    if (batch === undefined) {
      this.counts.unreadable++;
      return;
    }
    // Of a node whose heartbeat has not come yet: its next batch shows the gap.
    const other = this.#others.get(batch.sender);
    if (other === undefined) return;
    this.counts.batchesIn++;
    this.counts.bytesIn += bytes.length;
    const nowMs = this.#options.monotonicMs();
    const reception = other.incoming.receive(batch);
    if (reception === 'gap' || reception === 'stale') {
      // Both ways may be broken at once: what it asks for is heard all the same.
      if (batch.entries.some(({ type }) => type === EntryType.resync))
        this.#beginAnew(batch.sender, other, nowMs);
      this.#askAnew(batch.sender, other, reception, nowMs);
      return;
    }
    if (reception === 'new') for (const events of this.#events) events.voided(batch.sender, nowMs);
    for (const entry of batch.entries) {
      if (entry.type === EntryType.resync) this.#beginAnew(batch.sender, other, nowMs);
      else for (const events of this.#events) events.entry(batch.sender, entry, nowMs);
    }
  }

  #beginAnew(node: string, other: Other, nowMs: number): void {
    this.counts.resyncs++;
    other.outgoing.beginAnew(this.#options.random32());
    for (const events of this.#events) events.tellAnew(node, nowMs);
  }

  #askAnew(node: string, other: Other, reception: 'gap' | 'stale', nowMs: number): void {
    if (reception === 'gap') {
      this.counts.gaps++;
      for (const events of this.#events) events.voided(node, nowMs);
    } else if (nowMs - other.askedAtMs < ASK_AGAIN_MS) return;
    other.askedAtMs = nowMs;
    this.tell(node, EntryType.resync, 0);
  }
}
