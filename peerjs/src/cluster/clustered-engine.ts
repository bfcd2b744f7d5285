// The signaling engine of one node of a cluster. One node owns each id: it knows which client holds the id and keeps the messages that wait
// for it. The node that a client is connected to claims the client's id there, and passes its messages to the owner of the receiver's id.
import type { Asks } from '@relay-swarm/cluster/asks';
import type { Cluster, ClusterEvents } from '@relay-swarm/cluster/cluster';
import { Edge } from '@relay-swarm/cluster/edge';
import type { Member, OwnerRules } from '@relay-swarm/cluster/member';
import { Owner } from '@relay-swarm/cluster/owner';
import type {
  Delivery,
  EngineClient,
  EngineEvents,
  SignalingEngine,
  SignalingEngineOptions,
} from '../signaling/engine.ts';
import type { Relayed } from '../signaling/message.ts';
import { expireText } from '../signaling/words.ts';
import { OwnClient, RemoteClient, Told } from './holders.ts';
import { IdRegistry, type Holder, type Passing } from './id-registry.ts';
import { Notices } from './notices.ts';
import { readDelivery, readIds, writeQuestion, type Question } from './questions.ts';
import { Recent } from './recent.ts';

export interface ClusterUses {
  readonly cluster: Cluster;
  readonly asks: Asks;
  readonly wallClockMs: () => number;
  readonly nextTurn: (callback: () => void) => void;
}

/** Ids in one answer: 256 KB at most. */
const IDS_PER_ANSWER = 1_000;
/** Nodes that may pass a message on because they believe another one to be the owner. */
const HOPS_MAX = 2;
/** How often a message is handed to an owner that does not say what became of it. */
const TRIES_MAX = 3;
/** How long those tries may take, and more; then a message may still wait for its receiver. */
const TRIES_MS_MAX = 10_000;

export class ClusteredEngine<Client extends EngineClient>
  implements SignalingEngine<Client>, OwnerRules<OwnClient<Client> | RemoteClient>, ClusterEvents
{
  readonly #options: SignalingEngineOptions & EngineEvents<Client>;
  readonly #uses: ClusterUses;
  readonly #registry: IdRegistry;
  readonly #edge: Edge<OwnClient<Client>>;
  readonly #clients = new Map<Client, OwnClient<Client>>();
  readonly #passed: Recent;
  readonly #notices: Notices;
  #names = 0;
  /** Of messages for which another node's word is awaited. */
  #pendingBytes = 0;

  constructor(options: SignalingEngineOptions & EngineEvents<Client>, uses: ClusterUses) {
    this.#options = options;
    this.#uses = uses;
    this.#registry = new IdRegistry(options);
    this.#passed = new Recent(options.expireMs + TRIES_MS_MAX);
    const { cluster, asks, nextTurn } = uses;
    this.#notices = new Notices({
      ...{ cluster, asks, registry: this.#registry, monotonicMs: options.monotonicMs },
      newName: () => this.#newName(),
    });
    this.#edge = new Edge<OwnClient<Client>>({
      cluster,
      rules: this,
      deliver: (own, bytes, detail) => this.#deliver(own, bytes, detail),
      expiredBeforeMs: () => -Infinity, // a client that is connected is there
      asksAgain: true, // that a client has its id, or has lost it
      nextTurn,
    });
    new Owner<OwnClient<Client> | RemoteClient>({
      cluster,
      rules: this,
      open: (remote) => new RemoteClient(remote),
    });
    cluster.listen(this);
  }

  /** Of all nodes. */
  get ids(): Promise<Iterable<string>> {
    return this.#allIds();
  }

  get clients(): number {
    return this.#clients.size;
  }

  get queuedBytes(): number {
    return this.#registry.queuedBytes + this.#pendingBytes;
  }

  /** As far as this node knows: for choosing a random id that is free. */
  has(id: string): boolean {
    return this.#registry.holder(id) !== undefined;
  }

  connect(client: Client, id: string, token: string): Record<string, never> {
    client.id = id;
    client.token = token;
    const own = new OwnClient(client, this.#options.ended, this.#passed);
    this.#clients.set(client, own);
    const member = { key: id, id: '', state: JSON.stringify([token, this.#uses.wallClockMs()]) };
    this.#edge.join(own, member, this.#options.monotonicMs());
    return {};
  }

  relay(client: Client, message: Relayed, bytes: number): Delivery | Promise<Delivery> {
    const own = this.#clients.get(client);
    if (own === undefined) return 'dropped';
    const passing = { sender: client.id, message, bytes, name: this.#newName() };
    if (own.isOpened) return this.#route(passing, 0);
    if (!this.#reserve(bytes)) return 'queue_full';
    return new Promise((resolve) =>
      own.whenOpened((isOpened) => {
        this.#pendingBytes -= bytes;
        resolve(isOpened ? this.#route(passing, 0) : 'dropped');
      }),
    );
  }

  left(client: Client): void {
    const own = this.#clients.get(client);
    if (own === undefined) return;
    this.#clients.delete(client);
    own.left();
    this.#registry.leave(own);
    this.#edge.closed(own);
  }

  tick(): void {
    const nowMs = this.#options.monotonicMs();
    this.#passed.tick(nowMs);
    this.#notices.tick();
    this.#registry.expire(nowMs, (peer, sender) => this.#tellExpired(peer, sender));
  }

  stop(): void {
    // the cluster's part ends it
  }

  /** Answers a question of another node. */
  answer(question: Question): Buffer | Promise<Buffer> {
    if (question.ask === 'relay') {
      const delivery = this.#route(question, question.hops);
      return typeof delivery === 'string'
        ? Buffer.from(delivery)
        : delivery.then((text) => Buffer.from(text));
    }
    if (question.ask === 'tell') return this.#notices.answer(question);
    const ids = [...this.#registry.ids].slice(question.from, question.from + IDS_PER_ANSWER);
    return Buffer.from(JSON.stringify(ids));
  }

  // As the owner of ids:

  receive(): void {
    // Messages come as questions, since their sender is told whether they arrived.
  }

  join(holder: Holder, { key: id, state }: Member): boolean {
    const [token, sinceMs] = JSON.parse(state) as [string, number];
    return this.#registry.claim(holder, { id, token, sinceMs });
  }

  leave(holder: Holder): void {
    this.#registry.leave(holder);
  }

  closed(holder: Holder): void {
    this.#registry.leave(holder);
  }

  /** What waits here for ids that another node owns now. */
  ownersChanged(): void {
    const { cluster } = this.#uses;
    const moved = this.#registry.takeQueued((id) => cluster.ownerOf(id) !== cluster.node);
    for (const passing of moved) void this.#move(passing);
  }

  entry(): void {
    // edge, owner and asks take what comes
  }

  voided(): void {
    // the edge asks again what became of its clients' ids
  }

  lost(): void {
    // likewise
  }

  tellAnew(): void {
    // the edge claims the ids of its clients again
  }

  #route(passing: Passing, hops: number): Delivery | Promise<Delivery> {
    const { cluster } = this.#uses;
    if (hops >= HOPS_MAX || cluster.ownerOf(passing.message.dst) === cluster.node)
      return this.#registry.relay(passing, this.#options.monotonicMs());
    return this.#ask(passing, hops);
  }

  /** Asks again where no answer comes: the question may be lost, or its owner gone. Where the answer was, the receiver's node knows the message. */
  async #ask(passing: Passing, hops: number): Promise<Delivery> {
    const { cluster, asks } = this.#uses;
    const { message, bytes } = passing;
    if (!this.#reserve(bytes)) return 'queue_full';
    const question = writeQuestion({ ...passing, ask: 'relay', hops: hops + 1 });
    try {
      for (let tries = 0; tries < TRIES_MAX; tries++) {
        const owner = cluster.ownerOf(message.dst);
        if (owner === cluster.node) return this.#registry.relay(passing, this.#options.monotonicMs());
        const delivery = readDelivery(await asks.ask(owner, question, this.#options.monotonicMs()));
        if (delivery !== undefined) return delivery;
      }
      return 'unreachable';
    } finally {
      this.#pendingBytes -= bytes;
    }
  }

  /** Where what has waited here may not wait at the next owner, nobody else will tell its sender that it did not arrive. */
  async #move(passing: Passing): Promise<void> {
    const delivery = await this.#ask(passing, 0);
    const { sender, message } = passing;
    if (delivery !== 'delivered' && delivery !== 'queued') this.#tellExpired(message.dst, sender);
  }

  #reserve(bytes: number): boolean {
    if (this.#pendingBytes + bytes > this.#options.offline.queuedBytesMax) return false;
    this.#pendingBytes += bytes;
    return true;
  }

  #tellExpired(peer: string, sender: string): void {
    this.#notices.tell(sender, expireText(peer, sender));
  }

  #newName(): string {
    return `${this.#uses.cluster.node}${++this.#names}`;
  }

  /** From the owner of a client's id. */
  #deliver(own: OwnClient<Client>, bytes: Buffer, detail: number): void {
    if (detail === Told.opened) own.opened();
    else if (detail === Told.idTaken) own.end('id_taken');
    else if (detail === Told.replaced) own.end('replaced');
    else {
      const nameEnd = bytes.indexOf('\n');
      const text = bytes.toString('utf8', nameEnd + 1);
      if (own.waitingBytes > this.#options.waitingBytesMax) this.#tellUndelivered(text);
      else own.send(text, bytes.toString('latin1', 0, nameEnd));
    }
  }

  /** The receiver reads too slowly: who has sent an offer hears that it did not arrive. */
  #tellUndelivered(text: string): void {
    const { type, src, dst } = JSON.parse(text) as Record<string, unknown>;
    if (type === 'OFFER' && typeof src === 'string' && typeof dst === 'string') this.#tellExpired(dst, src);
  }

  async #allIds(): Promise<Iterable<string>> {
    const others = this.#uses.cluster.others.map((node) => this.#idsOf(node));
    return [...this.#registry.ids, ...(await Promise.all(others)).flat()];
  }

  async #idsOf(node: string): Promise<readonly string[]> {
    const all: string[] = [];
    for (;;) {
      const question = writeQuestion({ ask: 'ids', from: all.length });
      const answer = await this.#uses.asks.ask(node, question, this.#options.monotonicMs());
      const ids = readIds(answer);
      all.push(...ids);
      if (ids.length < IDS_PER_ANSWER) return all;
    }
  }
}
