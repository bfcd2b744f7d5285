// A service as small as can be, on a cluster: clients are in under keys, and whoever owns a key holds who is in. Time is passed in.
import { Cluster, Edge, Owner, RemoteLink, type Member, type OwnerRules } from '../../src/index.ts';
import type { MemoryEngine, MemoryCarrier } from './memory-engine.ts';

export class ToyClient {
  readonly addressKey = '192.0.2.1';
  readonly probedUntilMs = 0;
  readonly delivered: string[] = [];

  deliver(bytes: Buffer): void {
    this.delivered.push(bytes.toString());
  }

  probe(): void {
    // always alive
  }
}

type ToyLink = ToyClient | RemoteLink;

export class ToyNode implements OwnerRules<ToyLink> {
  readonly cluster: Cluster;
  readonly edge: Edge<ToyClient>;
  readonly owner: Owner<ToyLink>;
  readonly carrier: MemoryCarrier;
  readonly clients = new Set<ToyClient>();
  /** Who is in: by key, then by id. */
  readonly held = new Map<string, Map<string, ToyLink>>();
  #turns: (() => void)[] = [];

  constructor(engine: MemoryEngine, number: number, clock: { nowMs: number }) {
    const node = number.toString(16).padStart(16, '0');
    let conversations = number * 1_000_000;
    this.carrier = engine.connect(node);
    this.cluster = new Cluster({
      service: 'toy',
      node,
      carrier: this.carrier,
      random32: () => ++conversations,
      monotonicMs: () => clock.nowMs,
      endOfTurn: (callback) => this.#turns.push(callback),
      gauges: () => ({ clients: this.clients.size }),
    });
    this.edge = new Edge<ToyClient>({
      cluster: this.cluster,
      rules: this,
      deliver: (client, bytes) => client.deliver(bytes),
      expiredBeforeMs: () => -Infinity,
      nextTurn: (callback) => this.#turns.push(callback),
    });
    this.owner = new Owner<ToyLink>({ cluster: this.cluster, rules: this, open: (remote) => remote });
    this.cluster.start();
  }

  /** Ends its turns. */
  settle(): void {
    while (this.#turns.length > 0) this.#turns.splice(0).forEach((turn) => turn());
  }

  announce(client: ToyClient, key: string, id: string, nowMs: number): void {
    this.clients.add(client);
    const message = Buffer.from(JSON.stringify(['enter', key, id]));
    const isOwn = this.edge.isOwnOrForwarded(client, key, message);
    this.edge.enter(client, { key, id, state: '' }, nowMs);
    if (isOwn) this.receive(client, message);
  }

  stop(client: ToyClient, key: string, id: string): void {
    const message = Buffer.from(JSON.stringify(['leave', key, id]));
    const isOwn = this.edge.isOwnOrForwarded(client, key, message);
    this.edge.leave(client, { key, id });
    if (isOwn) this.receive(client, message);
  }

  close(client: ToyClient): void {
    this.clients.delete(client);
    this.closed(client);
    this.edge.closed(client);
  }

  receive(link: ToyLink, message: Buffer): void {
    const [what, key, id] = JSON.parse(message.toString()) as [string, string, string];
    if (what === 'leave') this.leave(link, { key, id, state: '' });
    else this.join(link, { key, id, state: '' });
    const reply = Buffer.from(`${what} ${id}`);
    if (link instanceof RemoteLink) link.deliver(reply, 0, true);
    else link.deliver(reply);
  }

  join(link: ToyLink, { key, id }: Member): boolean {
    let members = this.held.get(key);
    if (members === undefined) this.held.set(key, (members = new Map()));
    members.set(id, link);
    return true;
  }

  leave(link: ToyLink, { key, id }: Member): void {
    const members = this.held.get(key);
    if (members?.get(id) !== link) return;
    members.delete(id);
    if (members.size === 0) this.held.delete(key);
  }

  closed(link: ToyLink): void {
    for (const [key, members] of this.held)
      for (const [id, holder] of members) if (holder === link) this.leave(link, { key, id, state: '' });
  }
}
