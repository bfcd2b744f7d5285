// One relay of the swarm: conducts whom it knows, whom it talks to, what it tells. Clock, dice, keys and sockets are passed in,
// so that a hundred of them run in one test. Long because it is where all parts meet; what each does stands in its own file.
import {
  encodeRelayMessage,
  type Roster,
  type SignedDescriptor,
  type SignedRelayHealth,
} from '@relay-swarm/protocol';
import { countClose, newCounters } from './counters.ts';
import { Candidates, type CandidateSource } from './discovery/candidates.ts';
import { Prober, webUrl } from './discovery/prober.ts';
import { Gossip } from './gossip/gossip.ts';
import type { NodeOptions } from './node-options.ts';
import type { KnownRelay, SavedRelay } from './roster/known-relay.ts';
import { RelayTable } from './roster/relay-table.ts';
import { createRoster, type RankedQuery } from './roster/roster.ts';
import { InboundLimits } from './sessions/inbound-limits.ts';
import { RelayConnection } from './sessions/relay-connection.ts';
import { CLOSE, Session, type RelayNews, type SessionEffect } from './sessions/session.ts';
import { SessionTable } from './sessions/session-table.ts';
import type { Opened, Wire, WireListener } from './sessions/wire.ts';

/** An inbound session whose relay has not been proven by then is closed. */
const UNPROVEN_MS_MAX = 60_000;
/** A ping that has waited for so long makes a relay suspect; with a ping each half period, a freeze shows within one period. */
const PONG_PERIODS = 0.3;
const PONG_MS_MIN = 1_500;
/** Ticks come once a second; one that comes so late tells of us, not of others. */
const AWAY_MS = 2_000;
/** A session that ends sooner would end soon again. */
const LASTING_MS = 30_000;
/** DHT candidates of one host. */
const PER_HOST_MAX = 4;

export class RelayNode {
  readonly counters = newCounters();
  readonly #options: NodeOptions;
  readonly #relays: RelayTable;
  readonly #candidates: Candidates;
  readonly #prober: Prober;
  readonly #sessions: SessionTable;
  readonly #limits: InboundLimits;
  readonly #gossip: Gossip;
  #descriptor: SignedDescriptor;
  #health: SignedRelayHealth;
  #healthAtMs: number;
  #tickedAtMs = 0;
  #isStopping = false;

  constructor(options: NodeOptions, descriptor: SignedDescriptor, health: SignedRelayHealth) {
    const selfId = options.self.id;
    const { counters } = this;
    this.#options = options;
    this.#descriptor = descriptor;
    this.#health = health;
    this.#healthAtMs = options.now();
    this.#relays = new RelayTable({ ...options, selfId, relaysMax: options.candidatesMax });
    this.#candidates = new Candidates({
      ...options,
      perHostMax: options.allowPrivate ? options.candidatesMax : PER_HOST_MAX,
      askingMax: Math.ceil(options.dialsMax / 2),
    });
    this.#prober = new Prober({
      ...{ selfId, counters, candidates: this.#candidates, relays: this.#relays },
      ...{ now: options.now, log: options.log },
      fetchDescriptor: (origin) => options.network.fetchDescriptor(origin),
    });
    this.#sessions = new SessionTable({
      selfId,
      sessionsMax: options.sessionsMax,
      isProven: (id) => this.#relays.isProven(id, options.now()),
      evicted: (id) => this.#relays.disconnected(id, options.now()),
    });
    this.#limits = new InboundLimits({
      ...options,
      isProvenAt: (key) => this.#relays.isProvenAt(key, options.now()),
    });
    this.#gossip = new Gossip({
      ...{ selfId, relays: this.#relays, sessions: this.#sessions },
      ...{ periodMs: options.periodMs, random: options.random },
      refused: () => counters.descriptorsRefused++,
    });
  }

  get sessions(): number {
    return this.#sessions.size;
  }
  get candidates(): number {
    return this.#candidates.size;
  }
  get relays(): number {
    return this.#relays.size;
  }
  get descriptor(): SignedDescriptor {
    return this.#descriptor;
  }
  get health(): SignedRelayHealth {
    return this.#health;
  }

  addCandidate(origin: string, source: CandidateSource): boolean {
    return this.#candidates.add(origin, source, this.#options.now());
  }

  restore(saved: readonly SavedRelay[]): void {
    for (const relay of saved) this.#relays.restore(relay, this.#options.now());
  }

  /** What to remember over a restart. */
  save(): SavedRelay[] {
    return this.#relays.save(this.#options.now());
  }

  /** For browsers: the best first, or the first of the ranking for a key. */
  roster(ranked?: RankedQuery): Roster {
    const nowMs = this.#options.now();
    const self = { descriptor: this.#descriptor, health: this.#health, healthAtMs: this.#healthAtMs };
    const others = this.#relays.offered(nowMs).map(({ descriptor, liveness }) => ({
      descriptor,
      health: liveness.health!, // isOffered() has seen it
      healthAtMs: liveness.healthAtMs!,
    }));
    return createRoster(self, others, nowMs, this.#options.calendar(), ranked);
  }

  setDescriptor(descriptor: SignedDescriptor): void {
    this.#descriptor = descriptor;
    for (const connection of this.#sessions.all()) connection.send({ action: 'descriptor', descriptor });
  }

  /** Tells everybody how this relay is. */
  setHealth(health: SignedRelayHealth): void {
    this.#health = health;
    this.#healthAtMs = this.#options.now();
    const text = encodeRelayMessage({ action: 'status', health });
    for (const connection of this.#sessions.all()) connection.sendText(text);
  }

  /** Whether another relay may open a session; asked before the upgrade. */
  admits(address: string): boolean {
    const isAdmitted =
      !this.#isStopping && this.#limits.admits(address, this.#sessions.connections, this.#options.now());
    if (!isAdmitted) this.counters.upgradesRefused++;
    return isAdmitted;
  }

  /** Another relay has dialled us. */
  readonly accepted: Opened = (wire) => this.#open(wire, undefined);

  /** Once a second or so. */
  tick(): void {
    const nowMs = this.#options.now();
    for (const connection of [...this.#sessions.connections]) {
      this.#perform(connection, connection.session.tick(nowMs));
      const { id, provenAtMs } = connection;
      if (id !== undefined && nowMs - provenAtMs > UNPROVEN_MS_MAX && !this.#relays.isProven(id, nowMs)) {
        connection.close(CLOSE.unproven, 'your URL has not answered');
      }
    }
    this.#suspect(nowMs);
    this.#relays.age(nowMs);
    if (this.#isStopping) return;
    this.#prober.tick();
    const due = this.#relays.take(nowMs, this.#options.dialsMax, this.#sessions.hasRoom);
    for (const relay of due) void this.#dial(relay);
    this.#gossip.tick(nowMs);
  }

  /** Takes relays that may be frozen off the roster until they are heard. After a pause of our own their answers wait to be read. */
  #suspect(nowMs: number): void {
    const wasAway = nowMs - this.#tickedAtMs > AWAY_MS;
    this.#tickedAtMs = nowMs;
    if (wasAway) return;
    for (const { id, session } of this.#sessions.all()) this.#relays.suspect(id!, session.isSuspect(nowMs));
  }

  /** Says goodbye to everybody and dials nobody any more. */
  stop(): void {
    this.#isStopping = true;
    this.#prober.stop();
    for (const connection of [...this.#sessions.connections]) connection.close(CLOSE.restart, 'stopping');
  }

  async #dial(relay: KnownRelay): Promise<void> {
    const { id, url } = relay.descriptor;
    const { network, log, now } = this.#options;
    this.counters.dials++;
    try {
      await network.dial(`${url}/relay`, (wire) => this.#open(wire, { id, url }));
    } catch (error) {
      relay.dial.end();
      this.counters.dialsFailed++;
      this.#relays.failed(id, now());
      if (log.isDebug) log.debug('cannot dial a relay', { url, error });
    }
  }

  #open(wire: Wire, dialled: { id: string; url: string } | undefined): WireListener {
    const { self, swarm, verify, nonce, now, periodMs } = this.#options;
    const session = new Session({
      ...{ self, swarm, verify, nonce: nonce(), nowMs: now(), ownUrl: this.#descriptor.url },
      pingMs: periodMs / 2,
      pongMsMax: Math.max(PONG_MS_MIN, PONG_PERIODS * periodMs),
      silenceMsMax: 2 * periodMs,
      ...(dialled !== undefined && { dialled }),
    });
    const connection = new RelayConnection(session, wire, dialled?.url, this.counters);
    this.#sessions.add(connection);
    this.#perform(connection, session.open());
    return {
      text: (text) => {
        this.counters.framesReceived++;
        this.counters.bytesReceived += text.length;
        this.#perform(connection, session.receive(text, now()));
      },
      pong: () => session.pong(now()),
      closed: (code) => {
        countClose(this.counters, code);
        if (dialled !== undefined) this.#diallingEnded(connection, dialled.id, code);
        if (this.#sessions.remove(connection)) this.#sessionEnded(connection.id!, connection.provenAtMs);
      },
    };
  }

  #sessionEnded(id: string, provenAtMs: number): void {
    const nowMs = this.#options.now();
    this.#relays.disconnected(id, nowMs);
    // A relay that is full, or refuses us, is not to be dialled every second
    if (nowMs - provenAtMs >= LASTING_MS) this.#relays.recovered(id);
    else this.#relays.failed(id, nowMs);
  }

  #diallingEnded(connection: RelayConnection, id: string, code: number): void {
    const relay = this.#relays.get(id);
    if (connection.id !== undefined || relay === undefined) return; // proven: was told of then
    relay.dial.end();
    if (relay.descriptor.url !== connection.url) return; // it has moved in the meantime, and is due at its new URL
    if (code !== CLOSE.wrongKey) {
      this.#relays.failed(id, this.#options.now());
      return;
    }
    this.#relays.forget(id);
    this.#sessions.get(id)?.close(CLOSE.wrongKey, 'another key answers at your URL');
    // Whoever answers there may be a relay all the same, under its own name
    this.#candidates.renew(webUrl(relay.descriptor.url), this.#options.now());
  }

  #perform(connection: RelayConnection, effects: readonly SessionEffect[]): void {
    for (const effect of effects) {
      if (effect.do === 'proven') this.#proven(connection, effect.id);
      else if (effect.do === 'news')
        this.#hear(connection, connection.id!, effect.news); // after the proof only
      else connection.perform(effect);
    }
  }

  #proven(connection: RelayConnection, id: string): void {
    const nowMs = this.#options.now();
    connection.prove(id, nowMs);
    if (connection.session.role === 'dialler' && !this.#provenAtUrl(connection, id, nowMs)) return;
    const placement = this.#sessions.place(connection, id);
    if (placement === 'duplicate') return;
    if (placement === 'full') {
      this.#gossip.answer(connection, new Set(), nowMs); // where else to go
      connection.close(CLOSE.full, 'full');
      return;
    }
    this.#relays.connected(id);
    connection.send({ action: 'descriptor', descriptor: this.#descriptor });
    connection.send({ action: 'status', health: this.#health });
    this.#gossip.begin(connection, nowMs);
  }

  /** We dialled, and the key has answered; false where that does not count and the connection is closed. */
  #provenAtUrl(connection: RelayConnection, id: string, nowMs: number): boolean {
    const relay = this.#relays.get(id);
    relay?.dial.end();
    if (relay !== undefined && relay.descriptor.url !== connection.url) {
      connection.close(CLOSE.wrongKey, 'you have moved'); // a proof is good for the URL that was dialled alone
      return false;
    }
    if (!this.#limits.hasPlace(connection.address, id, this.#relays.all())) {
      this.#relays.failed(id, nowMs);
      connection.close(CLOSE.full, 'too many relays at your address');
      return false;
    }
    const wasOffered = relay !== undefined && this.#relays.isOffered(relay, nowMs);
    this.#relays.verified(id, connection.address, nowMs);
    if (!wasOffered) this.#gossip.spread(id, nowMs);
    return true;
  }

  #hear(connection: RelayConnection, id: string, news: RelayNews): void {
    const nowMs = this.#options.now();
    if (news.action === 'descriptor') this.#hearDescriptor(connection, id, news.descriptor, nowMs);
    else if (news.action === 'status') this.#hearStatus(id, news.health, nowMs);
    else if (news.action === 'ask') this.#gossip.hearAsk(connection, news.known, nowMs);
    else if (news.action === 'known') this.#gossip.hearKnown(connection, news.descriptors, nowMs);
  }

  #hearDescriptor(
    connection: RelayConnection,
    id: string,
    descriptor: SignedDescriptor,
    nowMs: number,
  ): void {
    const offer = descriptor.id === id ? this.#relays.offer(descriptor, id, nowMs) : 'refused';
    if (offer === 'refused') {
      this.counters.descriptorsRefused++;
      connection.close(CLOSE.policy, 'descriptor refused');
    }
    if (offer === 'new' && this.#sessions.get(id) === connection) this.#relays.connected(id);
  }

  #hearStatus(id: string, health: SignedRelayHealth, nowMs: number): void {
    const relay = this.#relays.get(id);
    const wasOffered = relay !== undefined && this.#relays.isOffered(relay, nowMs);
    if (!this.#relays.health(id, health, nowMs)) this.counters.statusesRefused++;
    else if (!wasOffered) this.#gossip.spread(id, nowMs);
  }
}
