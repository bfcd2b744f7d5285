// One relay of the swarm: joins the parts that know relays, talk to them and tell of them. Clock, random numbers, keys and sockets are
// passed in, so that a hundred relays run in one test. Long because all parts meet here, and each part between two of them would make the
// trip from the DHT to the roster longer (docs/architecture.md); what each does stands in its own file.
import {
  encodeRelayMessage,
  ROSTER_LISTED_MAX,
  type Roster,
  type SignedDescriptor,
  type SignedRelayHealth,
} from '@relay-swarm/protocol';
import { countClose, newCounters } from './counters.ts';
import { Candidates, type CandidateSource } from './discovery/candidates.ts';
import { Prober, webUrl } from './discovery/prober.ts';
import { Gossip } from './gossip/gossip.ts';
import { MapMemberStore } from './membership/member-store.ts';
import { Membership } from './membership/membership.ts';
import { OwnView } from './membership/own-view.ts';
import { placeOf } from './membership/place-of.ts';
import type { NodeOptions } from './node-options.ts';
import { createSignatures } from './proof/signatures.ts';
import { isAcceptable } from './roster/descriptor-policy.ts';
import { explainRelays, type ExplainedRelay } from './roster/explain.ts';
import { describeFar, listFar, rankFar, type FarRelays } from './roster/far-relays.ts';
import type { KnownRelay, SavedRelay } from './roster/known-relay.ts';
import { OWN_QUALITY, qualityOf } from './roster/quality.ts';
import { RelayTable } from './roster/relay-table.ts';
import { createRoster, type RankedQuery } from './roster/roster.ts';
import { InboundLimits } from './sessions/inbound-limits.ts';
import { RelayConnection } from './sessions/relay-connection.ts';
import { CLOSE, Session, type RelayNews, type SessionEffect } from './sessions/session.ts';
import { SessionTable } from './sessions/session-table.ts';
import { Visits, type Dialled } from './sessions/visits.ts';
import type { Opened, Wire, WireListener } from './sessions/wire.ts';

/** An inbound session whose relay has not been proven by then is closed. */
const UNPROVEN_MS_MAX = 60_000;
/** A relay that has not answered a ping for this long is suspected; with a ping each half period, a freeze shows within one period. */
const PONG_PERIODS = 0.3;
const PONG_MS_MIN = 1_500;
/** Ticks come once a second. One that comes this late means that this process was paused, not that the others are silent. */
const AWAY_MS = 2_000;
/** A session that lasted this long counts as stable; one that ends sooner may soon end again. */
const LASTING_MS = 30_000;
/** A network may have this many times what an address may have. */
const ADDRESSES_PER_NETWORK = 4;
/** Ends of a session that say nothing against the relay. */
const FRIENDLY_CLOSES = new Set<number>([CLOSE.full, CLOSE.replaced, CLOSE.done]);
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
  readonly #membership: Membership;
  readonly #view: OwnView;
  readonly #visits: Visits;
  #isVouchedFor = false;
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
    this.#healthAtMs = options.monotonicMs();
    this.#relays = new RelayTable({ ...options, selfId, relaysMax: options.candidatesMax });
    this.#candidates = new Candidates({
      ...options,
      perHostMax: options.allowPrivate ? options.candidatesMax : PER_HOST_MAX,
      askingMax: Math.ceil(options.dialsMax / 2),
    });
    this.#prober = new Prober({
      ...{ selfId, counters, candidates: this.#candidates, relays: this.#relays },
      ...{ monotonicMs: options.monotonicMs, log: options.log },
      fetchDescriptor: (origin) => options.network.fetchDescriptor(origin),
    });
    this.#sessions = new SessionTable({
      selfId,
      sessionsMax: options.sessionsMax,
      isProven: (id) => this.#relays.isProven(id, options.monotonicMs()),
      evicted: (id) => this.#relays.released(id, options.monotonicMs()),
    });
    this.#limits = new InboundLimits({
      ...options,
      isProvenAt: (key) => this.#relays.isProvenAt(key, options.monotonicMs()),
    });
    this.#membership = new Membership(
      {
        ...{ selfId, store: new MapMemberStore(), membersMax: options.membersMax },
        perAddressMax: options.relaysPerAddressMax,
        perNetworkMax: ADDRESSES_PER_NETWORK * options.relaysPerAddressMax,
        unprovenMax: options.membersMax / 4,
        random: options.random,
        wallClockMs: options.wallClockMs,
        signatures: createSignatures(options.verify),
        placeOf: (address, id) => placeOf(address, id, options.allowPrivate),
        accepts: (one) => isAcceptable(one, options, options.wallClockMs()),
        visit: (record) => {
          if (!this.#isStopping) this.#visits.begin(record);
        },
        vouchedFor: () => (this.#isVouchedFor = true),
      },
      options.monotonicMs(),
    );
    this.#membership.setSelf(descriptor);
    this.#gossip = new Gossip({
      ...{ selfId, relays: this.#relays, sessions: this.#sessions },
      someMembers: (countMax) => this.#someMembers(countMax),
      ...{ periodMs: options.periodMs, random: options.random },
      refused: () => counters.descriptorsRefused++,
    });
    const parts = { relays: this.#relays, sessions: this.#sessions, membership: this.#membership };
    const view = (this.#view = new OwnView({ node: options, gossip: this.#gossip, ...parts }));
    this.#visits = new Visits({
      ...{ node: options, counters, ...parts },
      wantsSession: () => view.isMesh && !view.isFull,
      open: (wire, dialled) => this.#open(wire, dialled),
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
  /** The table of all relays, to be looked at. */
  get membership(): Membership {
    return this.#membership;
  }
  get descriptor(): SignedDescriptor {
    return this.#descriptor;
  }
  get health(): SignedRelayHealth {
    return this.#health;
  }

  addCandidate(origin: string, source: CandidateSource): boolean {
    return this.#candidates.add(origin, source, this.#options.monotonicMs());
  }

  restore(saved: readonly SavedRelay[]): void {
    for (const relay of saved) {
      if (relay.verifiedAtMs !== undefined) this.#relays.restore(relay, this.#options.monotonicMs());
    }
    const descriptors = saved.filter(({ verifiedAtMs }) => verifiedAtMs === undefined);
    this.#membership.restore(
      descriptors.map(({ descriptor }) => descriptor),
      this.#options.monotonicMs(),
    );
  }

  /** What to remember over a restart. */
  save(): SavedRelay[] {
    const near = this.#relays.save(this.#options.monotonicMs());
    const ids = new Set([this.#options.self.id, ...near.map(({ descriptor }) => descriptor.id)]);
    const { table } = this.#membership;
    for (const { record } of table.all()) {
      const { descriptor } = record;
      if (ids.has(descriptor.id)) continue;
      near.push({
        ...{ descriptor, address: undefined, verifiedAtMs: undefined },
        ...{ health: undefined, healthAtMs: undefined },
      });
    }
    return near;
  }

  /** For browsers: the best first, or the first of the ranking for a key. */
  roster(ranked?: RankedQuery): Roster {
    const nowMs = this.#options.monotonicMs();
    const self = {
      ...{ descriptor: this.#descriptor, health: this.#health, healthAtMs: this.#healthAtMs },
      quality: OWN_QUALITY,
    };
    const near = this.#relays.offered(nowMs).map(({ descriptor, liveness }) => ({
      descriptor,
      health: liveness.health!, // isOffered() has seen it
      healthAtMs: liveness.healthAtMs!,
      quality: qualityOf(liveness.measured(nowMs)),
    }));
    const far = this.#far(nowMs);
    const members = [...listFar(far)];
    const shown =
      ranked === undefined
        ? members.slice(0, Math.max(0, ROSTER_LISTED_MAX - near.length))
        : rankFar(far, ranked.key, 2 * ranked.k);
    const others = [...near, ...shown.map((member) => describeFar(far, member, nowMs))];
    const total = near.length + members.length;
    return createRoster(self, others, total, nowMs, this.#options.wallClockMs(), ranked);
  }

  /** Every relay that is known, and why it is offered or not. */
  explain(countMax: number): ExplainedRelay[] {
    const selfId = this.#options.self.id;
    const sources = {
      relays: this.#relays,
      membership: this.#membership,
      selfId,
      nowMs: this.#options.monotonicMs(),
    };
    return explainRelays(sources, countMax);
  }

  /** Others' vouches count where this relay has not checked itself. */
  #far(nowMs: number): FarRelays {
    const isNear = (id: string): boolean => {
      const relay = this.#relays.get(id);
      return relay !== undefined && (relay.liveness.isConnected || this.#relays.isOffered(relay, nowMs));
    };
    return { membership: this.#membership, selfId: this.#options.self.id, isNear };
  }

  /** Whether others have vouched for this relay, so that its descriptor is to be issued anew; once. */
  takeVouchedFor(): boolean {
    const isVouchedFor = this.#isVouchedFor;
    this.#isVouchedFor = false;
    return isVouchedFor;
  }

  setDescriptor(descriptor: SignedDescriptor): void {
    this.#descriptor = descriptor;
    this.#membership.setSelf(descriptor);
    for (const connection of this.#sessions.all()) connection.send({ action: 'descriptor', descriptor });
  }

  /** Sends this relay's health to all sessions. */
  setHealth(health: SignedRelayHealth): void {
    this.#health = health;
    this.#healthAtMs = this.#options.monotonicMs();
    this.#membership.setHealth(health);
    const text = encodeRelayMessage({ action: 'status', health });
    for (const connection of this.#sessions.all()) connection.sendText(text);
  }

  /** Whether another relay may open a session; asked before the upgrade. */
  admits(address: string): boolean {
    const isAdmitted =
      !this.#isStopping &&
      this.#limits.admits(address, this.#sessions.connections, this.#options.monotonicMs());
    if (!isAdmitted) this.counters.upgradesRefused++;
    return isAdmitted;
  }

  /** Another relay has dialled us. */
  readonly accepted: Opened = (wire) => this.#open(wire, undefined);

  /** Once a second or so. */
  tick(): void {
    const nowMs = this.#options.monotonicMs();
    for (const connection of [...this.#sessions.connections]) {
      this.#perform(connection, connection.session.tick(nowMs));
      const { id, provenAtMs, peer } = connection;
      if (peer?.isVisit === true) this.#visits.age(connection, nowMs);
      else if (
        id !== undefined &&
        nowMs - provenAtMs > UNPROVEN_MS_MAX &&
        !this.#relays.isProven(id, nowMs)
      ) {
        connection.close(CLOSE.unproven, 'your URL has not answered');
      }
    }
    this.#suspect(nowMs);
    this.#relays.age(nowMs);
    if (this.#isStopping) return;
    this.#prober.tick();
    this.#membership.tick(nowMs);
    const due = this.#relays.take(nowMs, this.#options.dialsMax, this.#view.fill(nowMs));
    for (const relay of due) void this.#dial(relay);
    this.#gossip.tick(nowMs);
  }

  /** Members that older relays are told of. */
  #someMembers(countMax: number): SignedDescriptor[] {
    const some = new Set<SignedDescriptor>();
    for (let i = 0; i < countMax; i++) {
      const member = this.#membership.table.pick(this.#options.random);
      if (member !== undefined && this.#membership.isOffered(member.start))
        some.add(member.record.descriptor);
    }
    some.delete(this.#descriptor);
    return [...some].filter(({ id }) => id !== this.#options.self.id);
  }

  /** Takes relays that may be frozen off the roster until they are heard, but not after a pause of our own: their answers wait to be read. */
  #suspect(nowMs: number): void {
    const wasAway = nowMs - this.#tickedAtMs > AWAY_MS;
    this.#tickedAtMs = nowMs;
    if (wasAway) return;
    for (const { id, session } of this.#sessions.all()) {
      this.#relays.suspect(id!, session.isSuspect(nowMs), nowMs);
      this.#membership.silent(id!, session.isSuspect(nowMs), nowMs);
      this.#relays.measured(id!, session.roundTripMs);
    }
  }

  /** Closes all sessions and dials no more. */
  stop(): void {
    this.#isStopping = true;
    this.#prober.stop();
    for (const connection of [...this.#sessions.connections]) connection.close(CLOSE.restart, 'stopping');
  }

  async #dial(relay: KnownRelay): Promise<void> {
    const { id, url } = relay.descriptor;
    const { network, log, monotonicMs } = this.#options;
    this.counters.dials++;
    try {
      await network.dial(`${url}/relay`, (wire) => this.#open(wire, { id, url }));
    } catch (error) {
      relay.dial.end();
      this.counters.dialsFailed++;
      this.#relays.failed(id, monotonicMs());
      this.#membership.failed(id, monotonicMs());
      if (log.isDebug) log.debug('cannot dial a relay', { url, error });
    }
  }

  #open(wire: Wire, dialled: Dialled | undefined): WireListener {
    const { self, swarm, verify, nonce, monotonicMs, periodMs } = this.#options;
    const session = new Session({
      ...{ self, swarm, verify, nonce: nonce(), nowMs: monotonicMs(), ownUrl: this.#descriptor.url },
      pingMs: periodMs / 2,
      pongMsMax: Math.max(PONG_MS_MIN, PONG_PERIODS * periodMs),
      silenceMsMax: 2 * periodMs,
      ...(dialled !== undefined && { dialled, isVisit: dialled.visit !== undefined }),
      sessions: this.#sessions.size,
    });
    const connection = new RelayConnection(session, wire, dialled?.url, this.counters, dialled?.visit);
    this.#sessions.add(connection);
    this.#perform(connection, session.open());
    return {
      text: (text) => {
        this.counters.framesReceived++;
        this.counters.bytesReceived += text.length;
        this.#perform(connection, session.receive(text, monotonicMs()));
      },
      pong: () => session.answered(monotonicMs()),
      closed: (code) => {
        countClose(this.counters, code);
        if (dialled?.visit !== undefined) {
          this.#visits.closed(dialled.id, connection.id !== undefined, code);
        } else if (dialled !== undefined) this.#diallingEnded(connection, dialled.id, code);
        if (connection.peer !== undefined) {
          this.#membership.left(connection.peer, !FRIENDLY_CLOSES.has(code), monotonicMs());
        }
        if (this.#sessions.remove(connection))
          this.#sessionEnded(connection.id!, connection.provenAtMs, code);
      },
    };
  }

  #sessionEnded(id: string, provenAtMs: number, code: number): void {
    const nowMs = this.#options.monotonicMs();
    this.#view.left(id);
    if (FRIENDLY_CLOSES.has(code)) {
      this.#relays.released(id, nowMs);
      return;
    }
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
      this.#relays.failed(id, this.#options.monotonicMs());
      this.#membership.failed(id, this.#options.monotonicMs());
      return;
    }
    this.#relays.forget(id);
    this.#membership.refuted(id, this.#options.monotonicMs());
    this.#sessions.get(id)?.close(CLOSE.wrongKey, 'another key answers at your URL');
    // Another relay, with its own key, may answer at that URL
    this.#candidates.renew(webUrl(relay.descriptor.url), this.#options.monotonicMs());
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
    const nowMs = this.#options.monotonicMs();
    const { visit, session } = connection;
    connection.prove(id, nowMs, visit !== undefined || session.peer.isVisit);
    if (visit !== undefined) {
      this.#visits.reached(connection, visit, nowMs);
      return;
    }
    if (session.peer.isVisit) {
      this.#visits.receive(connection, nowMs);
      return;
    }
    if (connection.session.role === 'dialler' && !this.#provenAtUrl(connection, id, nowMs)) return;
    let placement = this.#sessions.place(connection, id);
    if (placement === 'full' && this.#view.makeRoom(connection, nowMs))
      placement = this.#sessions.place(connection, id);
    if (placement !== 'full' && session.role === 'dialler') this.#vouchFor(id, connection.address);
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
    if (session.peer.version > 1) this.#membership.joined(connection.peer!, nowMs);
  }

  readonly #sign = (text: string): string => this.#options.self.sign(text);

  /** Vouches that the relay's URL is its own, over our session with it. */
  #vouchFor(id: string, address: string): void {
    const descriptor = this.#relays.get(id)?.descriptor;
    const session = this.#sessions.get(id);
    if (descriptor === undefined || session === undefined || session.session.peer.version === 1) return;
    session.send({ action: 'vouch', vouch: this.#membership.vouchFor(address, this.#sign, descriptor) });
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
    if (relay !== undefined) {
      const record = { descriptor: relay.descriptor, vouches: [] };
      if (!this.#membership.proven(record, connection.address, nowMs)) {
        this.#relays.failed(id, nowMs);
        connection.close(CLOSE.full, 'too many relays in your network');
        return false;
      }
    }
    const wasOffered = relay !== undefined && this.#relays.isOffered(relay, nowMs);
    this.#relays.verified(id, connection.address, nowMs);
    if (!wasOffered) this.#gossip.queueNews(id, nowMs);
    return true;
  }

  #hear(connection: RelayConnection, id: string, news: RelayNews): void {
    const nowMs = this.#options.monotonicMs();
    if (news.action === 'descriptor') this.#hearDescriptor(connection, id, news.descriptor, nowMs);
    else if (news.action === 'status') this.#hearStatus(id, news.health, nowMs);
    else if (news.action === 'ask') this.#gossip.hearAsk(connection, news.known, nowMs);
    else if (news.action === 'known') this.#gossip.hearKnown(connection, news.descriptors, nowMs);
    else this.#membership.hear(connection.peer!, news, nowMs);
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
    else if (!wasOffered) this.#gossip.queueNews(id, nowMs);
  }
}
