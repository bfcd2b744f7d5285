// The edge's side: connections that this node holds, what each is in, and who owns that. This node is the truth about its connections:
// where owners change it moves what they are in, and where a node missed something it tells it all again.
import { EntryType, type Entry } from './batch.ts';
import type { Cluster, ClusterEvents } from './cluster.ts';
import { readMember, writeMember, type Member, type OwnerRules } from './member.ts';

/** A connection, as far as the edge needs to know it. */
export interface EdgeLink {
  readonly addressKey: string;
  /** Until when its client has to give a sign of life; 0 where it is not asked, or has given it. */
  readonly probedUntilMs: number;
  probe(): void;
}

interface Held {
  member: Member;
  owner: string;
  seenMs: number;
}

interface Client<L> {
  readonly link: L;
  readonly number: number;
  readonly members: Map<string, Held>;
  /** An owner asked for a sign of life. */
  probedBy: Set<string> | undefined;
}

export interface EdgeOptions<L> {
  readonly cluster: Cluster;
  /** For keys that this node owns itself. */
  readonly rules: OwnerRules<L>;
  /** Bytes from an owner for a client; detail says what they are, in the service's own words. */
  readonly deliver: (link: L, bytes: Buffer, detail: number) => void;
  /** What was last announced before this has expired at its owner. */
  readonly expiredBeforeMs: (nowMs: number) => number;
  /** An owner answers each join: where its answer may have been missed, it is asked again, and must say the same again. */
  readonly asksAgain?: boolean;
  /** Calls back in a later turn. */
  readonly nextTurn: (callback: () => void) => void;
}

/** Memberships looked at in one turn: about two milliseconds. */
const SLICE = 1_000;

export class Edge<L extends EdgeLink> implements ClusterEvents {
  readonly #options: EdgeOptions<L>;
  readonly #clients = new Map<L, Client<L>>();
  readonly #byNumber = new Map<number, Client<L>>();
  /** Which links a node has been told of. */
  readonly #open = new Map<string, Set<number>>();
  readonly #probed = new Set<Client<L>>();
  #lastNumber = 0;
  #memberships = 0;
  #rounds = 0;

  constructor(options: EdgeOptions<L>) {
    this.#options = options;
    options.cluster.listen(this);
  }

  get memberships(): number {
    return this.#memberships;
  }

  membershipsOf(link: L): number {
    return this.#clients.get(link)?.members.size ?? 0;
  }

  /** Whether this node owns the key; where another one does, the message is on its way to it. */
  isOwnOrForwarded(link: L, key: string, message: Uint8Array): boolean {
    const { cluster } = this.#options;
    const owner = cluster.ownerOf(key);
    if (owner === cluster.node) return true;
    this.forward(link, owner, message);
    return false;
  }

  forward(link: L, node: string, message: Uint8Array): void {
    const client = this.#clientOf(link);
    this.#tellOf(client, node);
    this.#options.cluster.tell(node, EntryType.forward, client.number, message);
  }

  /**
   * The link is in under this key, as far as this node knows; its owner has just been told, by a message. An empty state leaves it as it was.
   */
  enter(link: L, member: Member, nowMs: number): void {
    const client = this.#clientOf(link);
    const owner = this.#options.cluster.ownerOf(member.key);
    const name = nameOf(member);
    const before = client.members.get(name);
    if (before === undefined) {
      this.#memberships++;
      client.members.set(name, { member, owner, seenMs: nowMs });
      return;
    }
    if (before.owner !== owner) this.#leaveAt(client, before);
    if (member.state !== '') before.member = member;
    before.owner = owner;
    before.seenMs = nowMs;
  }

  /**
   * Takes the link in under this key. False where this node owns the key and refuses it; where another one does, the link may hear of a
   * refusal from there.
   */
  join(link: L, member: Member, nowMs: number): boolean {
    const { cluster, rules } = this.#options;
    const client = this.#clientOf(link);
    const held = { member, owner: cluster.ownerOf(member.key), seenMs: nowMs };
    if (!client.members.has(nameOf(member))) this.#memberships++;
    client.members.set(nameOf(member), held);
    if (held.owner !== cluster.node) this.#joinAt(client, held);
    else if (!rules.join(link, member, nowMs)) {
      this.#drop(client, held);
      return false;
    }
    return true;
  }

  leave(link: L, member: Pick<Member, 'key' | 'id'>): void {
    const client = this.#clients.get(link);
    const held = client?.members.get(nameOf(member));
    if (client === undefined || held === undefined) return;
    this.#drop(client, held);
    if (held.owner !== this.#options.cluster.ownerOf(member.key)) this.#leaveAt(client, held);
  }

  closed(link: L): void {
    const client = this.#clients.get(link);
    if (client === undefined) return;
    this.#clients.delete(link);
    this.#byNumber.delete(client.number);
    this.#probed.delete(client);
    this.#memberships -= client.members.size;
    for (const [node, open] of this.#open)
      if (open.delete(client.number)) this.#options.cluster.tell(node, EntryType.close, client.number);
  }

  /** Tells owners of clients that have given a sign of life. */
  tick(): void {
    for (const client of this.#probed) {
      if (client.link.probedUntilMs !== 0) continue;
      for (const node of client.probedBy ?? [])
        this.#options.cluster.tell(node, EntryType.alive, client.number);
      client.probedBy = undefined;
      this.#probed.delete(client);
    }
  }

  entry(from: string, { type, detail, link, payload }: Entry): void {
    const client = this.#byNumber.get(link);
    if (client === undefined) return; // it has closed meanwhile
    if (type === EntryType.deliver) this.#options.deliver(client.link, payload, detail);
    else if (type === EntryType.probe) {
      (client.probedBy ??= new Set()).add(from);
      this.#probed.add(client);
      client.link.probe();
    } else if (type === EntryType.gone) {
      const member = readMember(payload);
      const held = member && client.members.get(nameOf(member));
      if (held?.owner === from) this.#drop(client, held);
    }
  }

  ownersChanged(nowMs: number): void {
    const expiredBeforeMs = this.#options.expiredBeforeMs(nowMs);
    this.#goThrough((client, held) => {
      if (held.seenMs < expiredBeforeMs) this.#drop(client, held);
      else this.#move(client, held, nowMs);
    });
  }

  tellAnew(node: string, nowMs: number): void {
    this.#open.delete(node);
    const expiredBeforeMs = this.#options.expiredBeforeMs(nowMs);
    // At once, not in slices: what comes in meanwhile would overtake it.
    for (const client of this.#clients.values())
      for (const held of client.members.values())
        if (held.owner === node && held.seenMs >= expiredBeforeMs) this.#joinAt(client, held);
  }

  /** Comes after `voided`, and what that tells it is not heard: when it is back it has to be told of all links. */
  lost(node: string): void {
    this.#open.delete(node);
  }

  voided(node: string): void {
    if (this.#options.asksAgain !== true) return;
    for (const client of this.#clients.values())
      for (const held of client.members.values()) if (held.owner === node) this.#joinAt(client, held);
  }

  #goThrough(look: (client: Client<L>, held: Held) => void): void {
    const round = ++this.#rounds;
    const clients = this.#clients.values();
    const go = (): void => {
      let seen = 0;
      while (round === this.#rounds && seen < SLICE) {
        const { value: client, done } = clients.next();
        if (done === true) return;
        for (const held of client.members.values()) {
          look(client, held);
          seen++;
        }
      }
      if (round === this.#rounds) this.#options.nextTurn(go);
    };
    go();
  }

  /** In with the new owner before it is out with the old one, so that no moment is without. */
  #move(client: Client<L>, held: Held, nowMs: number): void {
    const { cluster, rules } = this.#options;
    const { member } = held;
    const owner = cluster.ownerOf(member.key);
    if (owner === held.owner) return;
    const before = { ...held };
    held.owner = owner;
    if (owner !== cluster.node) this.#joinAt(client, held);
    else if (!rules.join(client.link, member, nowMs)) this.#drop(client, held);
    this.#leaveAt(client, before);
  }

  #joinAt(client: Client<L>, { owner, member }: Held): void {
    this.#tellOf(client, owner);
    this.#options.cluster.tell(owner, EntryType.join, client.number, writeMember(member));
  }

  #leaveAt(client: Client<L>, { owner, member }: Held): void {
    const { cluster, rules } = this.#options;
    if (owner === cluster.node) rules.leave(client.link, member);
    else if (this.#open.get(owner)?.has(client.number) === true)
      cluster.tell(owner, EntryType.leave, client.number, writeMember(member));
  }

  #tellOf(client: Client<L>, node: string): void {
    let open = this.#open.get(node);
    if (open === undefined) this.#open.set(node, (open = new Set()));
    if (open.has(client.number)) return;
    open.add(client.number);
    this.#options.cluster.tell(node, EntryType.open, client.number, Buffer.from(client.link.addressKey));
  }

  #drop(client: Client<L>, { member }: Held): void {
    if (client.members.delete(nameOf(member))) this.#memberships--;
  }

  #clientOf(link: L): Client<L> {
    const known = this.#clients.get(link);
    if (known !== undefined) return known;
    this.#lastNumber = (this.#lastNumber + 1) >>> 0;
    const client: Client<L> = { link, number: this.#lastNumber, members: new Map(), probedBy: undefined };
    this.#clients.set(link, client);
    this.#byNumber.set(client.number, client);
    return client;
  }
}

/** Neither part has a fixed length, so the length of one stands before it. */
const nameOf = ({ key, id }: Pick<Member, 'key' | 'id'>): string => `${key.length}:${key}${id}`;
