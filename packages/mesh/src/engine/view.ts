// Who is in the room and who is linked to whom, as far as we have heard: from servers (presence) and from the members themselves
// (signed statuses, which arrive in any order and any number of times; the newest of each counts).
import { shortOf, type StatusLink } from '@relay-swarm/protocol/mesh-packet';
import { buildGraph, componentsOf, type Graph } from './graph.ts';

export interface SignedStatus {
  readonly epoch: number;
  readonly seq: number;
  readonly links: readonly StatusLink[];
  readonly isLeaving: boolean;
  /** As a frame of a link, to pass on. */
  readonly frame: Uint8Array;
}

interface Member {
  readonly id: string;
  status: SignedStatus | undefined;
  /** Servers that say it is there. */
  readonly servers: Set<string>;
  readonly sinceMs: number;
  /** When it was last reachable, vouched for or heard of. */
  wantedAtMs: number;
}

/** A member that left is remembered so long, or an old status would bring it back. */
const GONE_MS = 120_000;
/** After a server says that it left, its neighbours have so long to say otherwise. */
const LEFT_GRACE_MS = 5_000;

export class View {
  /** Undefined: of nobody in particular, as a simulation shares it among many. */
  readonly self: string | undefined;
  readonly #membersMax: number;
  readonly #forgetMs: number;
  readonly #members = new Map<string, Member>();
  readonly #gone = new Map<string, { epoch: number; seq: number; atMs: number }>();
  #graph: Graph | undefined;
  #components: Int32Array | undefined;
  /** Counts changes of the graph, so that trees can be kept. */
  version = 0;

  constructor(self: string | undefined, limits: { membersMax: number; forgetMs: number }) {
    this.self = self;
    this.#membersMax = limits.membersMax;
    this.#forgetMs = limits.forgetMs;
    if (self !== undefined) this.#remember(self, 0);
  }

  get size(): number {
    return this.#members.size;
  }

  has(id: string): boolean {
    return this.#members.has(id);
  }

  ids(): IterableIterator<string> {
    return this.#members.keys();
  }

  statusOf(id: string): SignedStatus | undefined {
    return this.#members.get(id)?.status;
  }

  /** How long we have known of it. */
  ageMs(id: string, nowMs: number): number {
    return nowMs - (this.#members.get(id)?.sinceMs ?? nowMs);
  }

  isVouchedFor(id: string): boolean {
    return (this.#members.get(id)?.servers.size ?? 0) > 0;
  }

  get graph(): Graph {
    this.#graph ??= buildGraph(
      [...this.#members.values()].map(({ id, status }) => ({ id, links: status?.links ?? [] })),
      this.self,
    );
    return this.#graph;
  }

  /** Component of each member of the graph. */
  get components(): Int32Array {
    return (this.#components ??= componentsOf(this.graph));
  }

  /** False where we know it already, or something newer. */
  isNews(id: string, epoch: number, seq: number): boolean {
    const known = this.#members.get(id)?.status ?? this.#gone.get(id);
    return known === undefined || epoch > known.epoch || (epoch === known.epoch && seq > known.seq);
  }

  /** Returns what became of the member, if anything. */
  take(id: string, status: SignedStatus, nowMs: number): 'joined' | 'left' | 'changed' | undefined {
    if (id !== this.self && !this.isNews(id, status.epoch, status.seq)) return undefined;
    if (status.isLeaving) return this.remove(id, nowMs, status) ? 'left' : undefined;
    const isNew = !this.#members.has(id);
    const member = this.#remember(id, nowMs);
    if (member === undefined) return undefined;
    const isSame = sameLinks(member.status?.links, status.links);
    member.status = status;
    member.wantedAtMs = nowMs;
    if (!isSame) this.#changed();
    return isNew ? 'joined' : 'changed';
  }

  /** Our own links as they are now: a signed status follows in a moment. */
  ownLinks(self: string, links: readonly StatusLink[]): void {
    const member = this.#members.get(self);
    if (!member || (member.status?.links ?? []).length + links.length === 0) return;
    const isSame = sameLinks(member.status?.links, links);
    const before = member.status ?? { epoch: 0, seq: 0, isLeaving: false, frame: new Uint8Array() };
    member.status = { ...before, links };
    if (!isSame) this.#changed();
  }

  /** A server says that the member is there. True where that is news to us. */
  present(server: string, id: string, nowMs: number): boolean {
    const isNew = !this.#members.has(id);
    const member = this.#remember(id, nowMs);
    if (member === undefined) return false;
    member.servers.add(server);
    member.wantedAtMs = nowMs;
    return isNew;
  }

  /** A server says that it left: we forget it soon, unless its neighbours know better. */
  absent(server: string, id: string, nowMs: number): void {
    const member = this.#members.get(id);
    if (!member?.servers.delete(server)) return;
    member.wantedAtMs = Math.min(member.wantedAtMs, nowMs - this.#forgetMs + LEFT_GRACE_MS);
  }

  /** What the server said no longer tells anything; what it has not said again is forgotten in time. */
  serverLost(server: string): void {
    for (const member of this.#members.values()) member.servers.delete(server);
  }

  remove(id: string, nowMs: number, last?: { epoch: number; seq: number }): boolean {
    const member = this.#members.get(id);
    const { epoch, seq } = last ?? member?.status ?? {};
    if (epoch !== undefined && seq !== undefined) this.#gone.set(id, { epoch, seq, atMs: nowMs });
    if (id === this.self || !this.#members.delete(id)) return false;
    this.#changed();
    return true;
  }

  /** Forgets those whom nobody vouches for and nobody reaches; returns them. */
  sweep(nowMs: number): string[] {
    for (const [id, { atMs }] of this.#gone) {
      if (nowMs - atMs <= GONE_MS) break; // set in order of time
      this.#gone.delete(id);
    }
    const { graph, components } = this;
    const ours = components[graph.index.get(this.self ?? '') ?? -1];
    const forgotten: string[] = [];
    for (const member of this.#members.values()) {
      if (member.id === this.self) continue;
      if (components[graph.index.get(member.id)!] === ours) {
        member.wantedAtMs = Math.max(member.wantedAtMs, nowMs - this.#forgetMs + LEFT_GRACE_MS);
      } else if (member.servers.size > 0) {
        member.wantedAtMs = nowMs;
      } else if (nowMs - member.wantedAtMs > this.#forgetMs) {
        forgotten.push(member.id);
      }
    }
    for (const id of forgotten) this.remove(id, nowMs);
    return forgotten;
  }

  digest(): { member: string; epoch: number; seq: number }[] {
    return [...this.#members.values()].flatMap(({ id, status }) =>
      status === undefined || status.frame.length === 0
        ? []
        : [{ member: shortOf(id), epoch: status.epoch, seq: status.seq }],
    );
  }

  /** What somebody with this digest does not know. */
  newerThan(digest: readonly { member: string; epoch: number; seq: number }[]): Uint8Array[] {
    const known = new Map(digest.map((one) => [one.member, one]));
    return [...this.#members.values()].flatMap(({ id, status }) => {
      const theirs = known.get(shortOf(id));
      const isNewer =
        status !== undefined &&
        status.frame.length > 0 &&
        (theirs === undefined ||
          status.epoch > theirs.epoch ||
          (status.epoch === theirs.epoch && status.seq > theirs.seq));
      return isNewer ? [status.frame] : [];
    });
  }

  clear(): void {
    this.#members.clear();
    this.#gone.clear();
    this.#changed();
  }

  #remember(id: string, nowMs: number): Member | undefined {
    const known = this.#members.get(id);
    if (known || this.#members.size >= this.#membersMax) return known;
    const member = { id, status: undefined, servers: new Set<string>(), sinceMs: nowMs, wantedAtMs: nowMs };
    this.#members.set(id, member);
    this.#changed();
    return member;
  }

  #changed(): void {
    this.#graph = this.#components = undefined;
    this.version++;
  }
}

/** Round-trip times within a quarter of each other are the same: trees need not be made anew for them. */
function sameLinks(before: readonly StatusLink[] | undefined, after: readonly StatusLink[]): boolean {
  if (before?.length !== after.length) return false;
  const rtts = new Map(before.map(({ peer, rttMs }) => [peer, rttMs]));
  return after.every(({ peer, rttMs }) => {
    const old = rtts.get(peer);
    return old !== undefined && Math.abs(old - rttMs) <= Math.max(2, old / 4);
  });
}
