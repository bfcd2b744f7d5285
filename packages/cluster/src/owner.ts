// The owner's side: clients' connections that other nodes hold, as links that the service's rules take for their own.
import { EntryType, type Entry } from './batch.ts';
import type { Cluster, ClusterEvents } from './cluster.ts';
import { readMember, writeMember, type Member, type OwnerRules } from './member.ts';

/** A connection at another node. */
export class RemoteLink {
  readonly #cluster: Cluster;
  readonly node: string;
  readonly number: number;
  /** Under which limits count it. */
  readonly addressKey: string;
  isOpen = true;
  #isProbed = false;
  #probes = 0;

  constructor(cluster: Cluster, node: string, number: number, addressKey: string) {
    this.#cluster = cluster;
    this.node = node;
    this.number = number;
    this.addressKey = addressKey;
  }

  /** Which question for a sign of life its client has not answered: no two have the same number. 0 where none is open. */
  get openProbe(): number {
    return this.#isProbed ? this.#probes : 0;
  }

  /** So much waits for the engine that what can be done without should not be sent. */
  get isCongested(): boolean {
    return this.#cluster.isTight;
  }

  /** False where the link has ended, or the way is full and the bytes can be done without. */
  deliver(bytes: Uint8Array, priority: number, isNeeded: boolean): boolean {
    if (!this.isOpen || (!isNeeded && this.#cluster.isTight)) return false;
    this.#cluster.tell(this.node, EntryType.deliver, this.number, bytes, priority);
    return true;
  }

  /** Tells the edge that this is no longer held here. */
  gone(member: Member): void {
    if (this.isOpen) this.#cluster.tell(this.node, EntryType.gone, this.number, writeMember(member));
  }

  isAlive(): void {
    this.#isProbed = false;
  }

  probe(): void {
    if (!this.isOpen || this.#isProbed) return;
    this.#isProbed = true;
    this.#probes++;
    this.#cluster.tell(this.node, EntryType.probe, this.number);
  }
}

export interface OwnerOptions<L> {
  readonly cluster: Cluster;
  readonly rules: OwnerRules<L>;
  /** The service's link for a remote one. */
  readonly open: (remote: RemoteLink) => L;
}

interface Held<L> {
  readonly remote: RemoteLink;
  readonly link: L;
}

export class Owner<L> implements ClusterEvents {
  readonly #options: OwnerOptions<L>;
  readonly #nodes = new Map<string, Map<number, Held<L>>>();

  constructor(options: OwnerOptions<L>) {
    this.#options = options;
    options.cluster.listen(this);
  }

  get links(): number {
    let links = 0;
    for (const held of this.#nodes.values()) links += held.size;
    return links;
  }

  entry(from: string, entry: Entry, nowMs: number): void {
    const { type, link: number, payload } = entry;
    if (type === EntryType.open) {
      this.#open(from, number, payload.toString());
      return;
    }
    const held = this.#nodes.get(from)?.get(number);
    if (held === undefined) return; // it ended before this came
    const { rules } = this.#options;
    if (type === EntryType.forward) rules.receive(held.link, payload, nowMs);
    else if (type === EntryType.close) this.#close(from, held, nowMs);
    else if (type === EntryType.alive) held.remote.isAlive();
    else if (type === EntryType.join || type === EntryType.leave) {
      const member = readMember(payload);
      if (member === undefined) return;
      if (type === EntryType.leave) rules.leave(held.link, member);
      else if (!rules.join(held.link, member, nowMs)) held.remote.gone(member);
    }
  }

  voided(node: string, nowMs: number): void {
    for (const held of this.#nodes.get(node)?.values() ?? []) this.#close(node, held, nowMs);
    this.#nodes.delete(node);
  }

  ownersChanged(): void {
    // The edges move what they hold.
  }

  lost(): void {
    // Its links were closed when it was voided.
  }

  tellAnew(): void {
    // What an owner tells is not repeated: messages that were lost are lost.
  }

  /** One that is open already stays as it is. */
  #open(node: string, number: number, addressKey: string): void {
    let links = this.#nodes.get(node);
    if (links === undefined) this.#nodes.set(node, (links = new Map<number, Held<L>>()));
    if (links.has(number)) return;
    const remote = new RemoteLink(this.#options.cluster, node, number, addressKey);
    links.set(number, { remote, link: this.#options.open(remote) });
  }

  #close(node: string, { remote, link }: Held<L>, nowMs: number): void {
    remote.isOpen = false;
    this.#nodes.get(node)?.delete(remote.number);
    this.#options.rules.closed(link, nowMs);
  }
}
