// One relay of the swarm: whom it knows, whom it talks to, what it tells. Clock, dice, keys and sockets are passed in, so that
// a hundred of them run in one test.
import { type Log } from '@relay-swarm/kit';
import { AddressRates, isPublicAddress, limitKey, newBucket, takeToken, type Bucket } from '@relay-swarm/net';
import {
  ASK_KNOWN_MAX,
  encodeRelayMessage,
  ID_START_CHARS,
  KNOWN_MAX,
  RELAY_FRAME_CHARS_MAX,
  type RelayMessage,
  type Roster,
  type SignedDescriptor,
  type SignedRelayHealth,
} from '@relay-swarm/protocol';
import { Candidates, sample, type Candidate, type CandidateSource } from './discovery/candidates.ts';
import type { Identity, Verify } from './proof/identity.ts';
import { networkKey } from './discovery/network-key.ts';
import { PROOF_MS_MAX, Relays, type KnownRelay, type SavedRelay } from './roster/relays.ts';
import { createRoster } from './roster/roster.ts';
import { CLOSE, keepsNewer, Session, type RelayNews, type SessionEffect } from './sessions/session.ts';
import type { Opened, Wire, WireListener } from './sessions/wire.ts';

/** How a relay reaches others. */
export interface Network {
  /** GET <origin>/.well-known/relay-swarm */
  fetchDescriptor(origin: string): Promise<SignedDescriptor>;
  dial(url: string, opened: Opened): Promise<void>;
}

export interface NodeOptions {
  readonly self: Identity;
  readonly swarm: string;
  readonly allowPrivate: boolean;
  readonly periodMs: number;
  readonly sessionsMax: number;
  readonly relaysPerAddressMax: number;
  readonly candidatesMax: number;
  readonly dialsMax: number;
  readonly retryMsMax: number;
  readonly verify: Verify;
  readonly isPublicHost: (host: string) => boolean;
  readonly network: Network;
  /** Milliseconds by a clock that is never set: what it says is compared with what it has said before. */
  readonly now: () => number;
  /** Milliseconds since 1970, as far as this machine knows. */
  readonly calendar: () => number;
  readonly random: () => number;
  /** 64 hex characters, never the same. */
  readonly nonce: () => string;
  readonly log: Log;
}

/** An inbound session whose relay has not been proven by then is closed. */
const UNPROVEN_MS_MAX = 60_000;
const HANDSHAKES_MAX = 64;
const LASTING_MS = 30_000;
/** DHT candidates of one host. */
const PER_HOST_MAX = 4;
/** A newcomer asks this many relays at once for those that it lacks; each tells up to ANSWER_MAX. */
const ASKS_PER_MINUTE = 3;
const ANSWER_MAX = 64;
const ANSWER_AGAIN_MS = 30_000;
/** News of a relay goes to so many others, who pass it on: enough for it to reach everybody, and no more for each. */
const RUMOUR_SESSIONS = 3;
/** One that comes and goes is news only so often. */
const RUMOUR_AGAIN_MS = 30_000;
/** Sessions that one address may begin: each may cost us as many signatures as HEARSAY says. */
const KNOCKS = { perSecond: 0.5, burst: 16 } as const;
const KNOCKING_ADDRESSES_MAX = 4_096;
/** Descriptors of others that one session may show us. */
const HEARSAY = { perSecond: 8, burst: 256 } as const;
/** What one address may have, its whole network may have so many times. */
const ADDRESSES_PER_NETWORK = 4;
/** Ends that are counted by their own code; a stranger may close with any of thousands. */
const COUNTED_CODES = new Set<number>([1000, 1001, 1003, 1006, 1009, ...Object.values(CLOSE)]);

interface Live {
  readonly session: Session;
  readonly wire: Wire;
  /** Where we dialled it; undefined where it dialled us. */
  readonly url: string | undefined;
  id: string | undefined;
  provenAtMs: number;
  answeredAtMs: number;
  readonly hearsay: Bucket;
}

export interface NodeCounters {
  framesReceived: number;
  bytesReceived: number;
  framesSent: number;
  bytesSent: number;
  dials: number;
  dialsFailed: number;
  fetches: number;
  fetchesFailed: number;
  descriptorsRefused: number;
  statusesRefused: number;
  upgradesRefused: number;
  /** Session ends by close code; 0 for codes that nobody has agreed on. */
  readonly closes: Map<number, number>;
}

export class RelayNode {
  readonly counters: NodeCounters = {
    framesReceived: 0,
    bytesReceived: 0,
    framesSent: 0,
    bytesSent: 0,
    dials: 0,
    dialsFailed: 0,
    fetches: 0,
    fetchesFailed: 0,
    descriptorsRefused: 0,
    statusesRefused: 0,
    upgradesRefused: 0,
    closes: new Map(),
  };
  readonly #options: NodeOptions;
  readonly #relays: Relays;
  readonly #candidates: Candidates;
  readonly #live = new Set<Live>();
  /** The one session with each relay. */
  readonly #sessions = new Map<string, Live>();
  readonly #rumours = new Set<string>();
  readonly #knocks = new AddressRates(KNOCKS, KNOCKING_ADDRESSES_MAX);
  #asksAtMs: number[] = [];
  #askedAtMs = 0;
  #descriptor: SignedDescriptor;
  #health: SignedRelayHealth;
  #healthAtMs: number;
  #isStopping = false;

  constructor(options: NodeOptions, descriptor: SignedDescriptor, health: SignedRelayHealth) {
    this.#options = options;
    this.#descriptor = descriptor;
    this.#health = health;
    this.#healthAtMs = options.now();
    this.#relays = new Relays({ ...options, selfId: options.self.id, relaysMax: options.candidatesMax });
    this.#candidates = new Candidates({
      ...options,
      perHostMax: options.allowPrivate ? options.candidatesMax : PER_HOST_MAX,
      askingMax: Math.ceil(options.dialsMax / 2),
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
    const aheadMs = this.#options.calendar() - this.#options.now();
    const date = (atMs: number | undefined): number | undefined =>
      atMs === undefined ? undefined : Math.round(atMs + aheadMs);
    return [...this.#relays.all()]
      .filter(({ verifiedAtMs }) => verifiedAtMs !== undefined)
      .map(({ descriptor, verifiedAtMs, address, health, healthAtMs }) => ({
        descriptor,
        address,
        verifiedAtMs: date(verifiedAtMs),
        health,
        healthAtMs: date(healthAtMs),
      }));
  }

  roster(): Roster {
    const self = { descriptor: this.#descriptor, health: this.#health, healthAtMs: this.#healthAtMs };
    const others = this.#offered().map(({ descriptor, health, healthAtMs }) => ({
      descriptor,
      health: health!, // isOffered() has seen it
      healthAtMs: healthAtMs!,
    }));
    return createRoster(self, others, this.#options.now(), this.#options.calendar());
  }

  setDescriptor(descriptor: SignedDescriptor): void {
    this.#descriptor = descriptor;
    for (const live of this.#sessions.values()) this.#send(live, { action: 'descriptor', descriptor });
  }

  /** Tells everybody how this relay is. */
  setHealth(health: SignedRelayHealth): void {
    this.#health = health;
    this.#healthAtMs = this.#options.now();
    const text = encodeRelayMessage({ action: 'status', health });
    for (const live of this.#sessions.values()) this.#sendText(live, text);
  }

  /** Whether another relay may open a session; asked before the upgrade. */
  admits(address: string): boolean {
    const { allowPrivate, relaysPerAddressMax } = this.#options;
    const key = limitKey(address);
    const network = networkKey(address);
    const isLimited = !(allowPrivate && !isPublicAddress(address));
    let handshakes = 0;
    let ofAddress = 0;
    let ofNetwork = 0;
    for (const { session, wire } of this.#live) {
      if (session.role !== 'acceptor') continue;
      if (!session.isProven) handshakes++;
      if (limitKey(wire.address) === key) ofAddress++;
      if (networkKey(wire.address) === network) ofNetwork++;
    }
    // Twice: beside its session each relay has, now and then, the one in which it proves our URL
    const addressMax = 2 * relaysPerAddressMax;
    const isCrowded = ofAddress >= addressMax || ofNetwork >= ADDRESSES_PER_NETWORK * addressMax;
    const admitted =
      !this.#isStopping &&
      // Strangers who hold the door must not keep out those who come to prove our URL again
      (handshakes < HANDSHAKES_MAX || this.#isProvenAt(key)) &&
      !(isLimited && (isCrowded || this.#knocks.ask(key, this.#options.now()) > 0));
    if (!admitted) this.counters.upgradesRefused++;
    return admitted;
  }

  /** Another relay has dialled us. */
  readonly accepted: Opened = (wire) => this.#open(wire, undefined);

  /** Once a second or so. */
  tick(): void {
    const nowMs = this.#options.now();
    for (const live of [...this.#live]) {
      this.#perform(live, live.session.tick(nowMs));
      if (live.id !== undefined && nowMs - live.provenAtMs > UNPROVEN_MS_MAX && !this.#isProven(live.id)) {
        this.#close(live, CLOSE.unproven, 'your URL has not answered');
      }
    }
    this.#relays.age(nowMs);
    if (this.#isStopping) return;
    this.#askCandidates();
    const hasRoom = this.#sessions.size < this.#options.sessionsMax;
    for (const relay of this.#relays.take(nowMs, this.#options.dialsMax, hasRoom)) void this.#dial(relay);
    this.#passOnRumours();
    // What a rumour has missed is found in the end: each period one relay is asked for those that we lack
    if (nowMs - this.#askedAtMs < this.#options.periodMs) return;
    this.#askedAtMs = nowMs;
    for (const live of sample([...this.#sessions.values()], 1, this.#options.random)) this.#askKnown(live);
  }

  /** Says goodbye to everybody and dials nobody any more. */
  stop(): void {
    this.#isStopping = true;
    for (const live of [...this.#live]) this.#close(live, CLOSE.restart, 'stopping');
  }

  #askCandidates(): void {
    for (const candidate of this.#candidates.take(this.#options.now())) {
      void this.#ask(candidate).then(() => this.#isStopping || this.#askCandidates());
    }
  }

  async #ask(candidate: Candidate): Promise<void> {
    const { now, network, log } = this.#options;
    this.counters.fetches++;
    try {
      const descriptor = await network.fetchDescriptor(candidate.origin);
      this.#candidates.answered(candidate, now());
      if (descriptor.id === this.#options.self.id) return;
      // What a URL's own web server says of it counts more than what others say
      const isHome = candidate.origin.replace(/\/$/, '') === webUrl(descriptor.url);
      const offer = this.#relays.offer(descriptor, candidate.source, now(), isHome);
      if (offer === 'refused') this.counters.descriptorsRefused++;
      if (offer === 'known') this.#relays.hint(descriptor.id, now());
    } catch (error) {
      this.counters.fetchesFailed++;
      this.#candidates.failed(candidate, now());
      if (log.isDebug) log.debug('a candidate did not answer well', { origin: candidate.origin, error });
    }
  }

  async #dial(relay: KnownRelay): Promise<void> {
    const { id, url } = relay.descriptor;
    const { network, log, now } = this.#options;
    this.counters.dials++;
    try {
      await network.dial(`${url}/relay`, (wire) => this.#open(wire, { id, url }));
    } catch (error) {
      relay.dialling = false;
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
      silenceMsMax: 2 * periodMs,
      ...(dialled !== undefined && { dialled }),
    });
    const live: Live = {
      ...{ session, wire, url: dialled?.url, id: undefined, provenAtMs: 0, answeredAtMs: -Infinity },
      hearsay: newBucket(HEARSAY, now()),
    };
    this.#live.add(live);
    this.#perform(live, session.open());
    return {
      text: (text) => {
        this.counters.framesReceived++;
        this.counters.bytesReceived += text.length;
        this.#perform(live, session.receive(text, now()));
      },
      pong: () => session.pong(now()),
      closed: (code) => {
        const counted = COUNTED_CODES.has(code) ? code : 0;
        this.counters.closes.set(counted, (this.counters.closes.get(counted) ?? 0) + 1);
        this.#live.delete(live);
        if (dialled !== undefined) this.#diallingEnded(live, dialled.id, code);
        if (live.id !== undefined && this.#sessions.get(live.id) === live) {
          this.#sessions.delete(live.id);
          this.#relays.connected(live.id, false, now());
          // One that ends soon would end soon again: a relay that is full, or refuses us, is not to be dialled every second
          const lasted = now() - live.provenAtMs >= LASTING_MS;
          if (lasted) this.#relays.recovered(live.id);
          else this.#relays.failed(live.id, now());
        }
      },
    };
  }

  #diallingEnded(live: Live, id: string, code: number): void {
    const relay = this.#relays.get(id);
    if (live.id !== undefined || relay === undefined) return; // proven: was told of then
    relay.dialling = false;
    if (relay.descriptor.url !== live.url) return; // it has moved in the meantime, and is due at its new URL
    if (code === CLOSE.wrongKey) {
      this.#relays.forget(id);
      const other = this.#sessions.get(id);
      if (other !== undefined) this.#close(other, CLOSE.wrongKey, 'another key answers at your URL');
      // Whoever answers there may be a relay all the same, under its own name
      this.#candidates.renew(webUrl(relay.descriptor.url), this.#options.now());
    } else this.#relays.failed(id, this.#options.now());
  }

  #perform(live: Live, effects: readonly SessionEffect[]): void {
    for (const effect of effects) {
      switch (effect.do) {
        case 'send':
          this.#sendText(live, effect.text);
          break;
        case 'ping':
          live.wire.ping();
          break;
        case 'proven':
          this.#proven(live, effect.id);
          break;
        case 'news':
          this.#hear(live, live.id!, effect.news); // news come after the proof only
          break;
        case 'close':
          live.wire.close(effect.code, effect.reason);
          break;
      }
    }
  }

  #proven(live: Live, id: string): void {
    const nowMs = this.#options.now();
    live.id = id;
    live.provenAtMs = nowMs;
    if (live.session.role === 'dialler') {
      const relay = this.#relays.get(id);
      if (relay !== undefined) relay.dialling = false;
      if (relay !== undefined && relay.descriptor.url !== live.url) {
        this.#close(live, CLOSE.wrongKey, 'you have moved'); // a proof is good for the URL that was dialled alone
        return;
      }
      if (!this.#hasRoomAt(live.wire.address, id)) {
        this.#relays.failed(id, nowMs);
        this.#close(live, CLOSE.full, 'too many relays at your address');
        return;
      }
      const wasOffered = relay !== undefined && this.#relays.isOffered(relay, nowMs);
      this.#relays.verified(id, live.wire.address, nowMs);
      if (!wasOffered) this.#spread(id);
    }
    const other = this.#sessions.get(id);
    if (other !== undefined) {
      const loser = keepsNewer(other.session, live.session, this.#options.self.id, id) ? other : live;
      this.#close(loser, CLOSE.duplicate, 'one session is enough');
      if (loser === live) return;
    } else if (this.#sessions.size >= this.#options.sessionsMax && !this.#evictUnproven()) {
      this.#answerAsk(live, new Set()); // where else to go
      this.#close(live, CLOSE.full, 'full');
      return;
    }
    this.#sessions.set(id, live);
    this.#relays.connected(id, true, nowMs);
    this.#send(live, { action: 'descriptor', descriptor: this.#descriptor });
    this.#send(live, { action: 'status', health: this.#health });
    this.#asksAtMs = this.#asksAtMs.filter((atMs) => nowMs - atMs < 60_000);
    if (this.#asksAtMs.length < ASKS_PER_MINUTE) {
      this.#asksAtMs.push(nowMs);
      this.#askKnown(live);
    }
  }

  #hear(live: Live, id: string, news: RelayNews): void {
    const nowMs = this.#options.now();
    switch (news.action) {
      case 'descriptor': {
        const isOwn = news.descriptor.id === id;
        const offer = isOwn ? this.#relays.offer(news.descriptor, id, nowMs) : 'refused';
        if (offer === 'refused') {
          this.counters.descriptorsRefused++;
          this.#close(live, CLOSE.policy, 'descriptor refused');
        }
        if (offer === 'new' && this.#sessions.get(id) === live) this.#relays.connected(id, true, nowMs);
        break;
      }
      case 'status': {
        const relay = this.#relays.get(id);
        const wasOffered = relay !== undefined && this.#relays.isOffered(relay, nowMs);
        if (!this.#relays.health(id, news.health, nowMs)) this.counters.statusesRefused++;
        else if (!wasOffered) this.#spread(id);
        break;
      }
      case 'ask':
        if (nowMs - live.answeredAtMs < ANSWER_AGAIN_MS) return;
        live.answeredAtMs = nowMs;
        this.#answerAsk(live, new Set(news.known));
        break;
      case 'known':
        for (const descriptor of news.descriptors) {
          if (!takeToken(live.hearsay, HEARSAY, nowMs)) break;
          const offer = this.#relays.offer(descriptor, id, nowMs);
          if (offer === 'known') this.#relays.hint(descriptor.id, nowMs);
          else if (offer === 'refused' && descriptor.id !== this.#options.self.id)
            this.counters.descriptorsRefused++;
        }
        break;
    }
  }

  #askKnown(live: Live): void {
    const known = this.#offered().map(({ descriptor }) => descriptor.id.slice(0, ID_START_CHARS));
    this.#send(live, { action: 'ask', known: known.slice(0, ASK_KNOWN_MAX) });
  }

  #answerAsk(live: Live, known: ReadonlySet<string>): void {
    const news = this.#offered().filter(
      ({ descriptor }) => !known.has(descriptor.id.slice(0, ID_START_CHARS)),
    );
    this.#tellKnown(live, sample(news, ANSWER_MAX, this.#options.random));
  }

  /** A relay may have entered the roster: the others shall hear of it. */
  #spread(id: string): void {
    const nowMs = this.#options.now();
    const relay = this.#relays.get(id);
    if (relay === undefined || !this.#relays.isOffered(relay, nowMs)) return;
    if (nowMs - relay.spreadAtMs < RUMOUR_AGAIN_MS) return;
    relay.spreadAtMs = nowMs;
    this.#rumours.add(id);
  }

  #passOnRumours(): void {
    if (this.#rumours.size === 0) return;
    const relays = [...this.#rumours]
      .map((id) => this.#relays.get(id))
      .filter((relay) => relay !== undefined);
    this.#rumours.clear();
    for (const live of sample([...this.#sessions.values()], RUMOUR_SESSIONS, this.#options.random)) {
      this.#tellKnown(live, relays);
    }
  }

  #tellKnown(live: Live, relays: readonly KnownRelay[]): void {
    const others = relays.map(({ descriptor }) => descriptor).filter(({ id }) => id !== live.id);
    for (const descriptors of intoFrames(others)) this.#send(live, { action: 'known', descriptors });
  }

  #offered(): KnownRelay[] {
    const nowMs = this.#options.now();
    return [...this.#relays.all()].filter((relay) => this.#relays.isOffered(relay, nowMs));
  }

  /** Whether its URL has answered of late. */
  #isProven(id: string): boolean {
    const verifiedAtMs = this.#relays.get(id)?.verifiedAtMs;
    return verifiedAtMs !== undefined && this.#options.now() - verifiedAtMs <= PROOF_MS_MAX;
  }

  #isProvenAt(key: string): boolean {
    for (const { address, descriptor } of this.#relays.all()) {
      if (address !== undefined && limitKey(address) === key && this.#isProven(descriptor.id)) return true;
    }
    return false;
  }

  /** Whoever rents one address, or a few next to each other, gets so many places in the roster, not all of them. */
  #hasRoomAt(address: string, id: string): boolean {
    const { allowPrivate, relaysPerAddressMax } = this.#options;
    if (allowPrivate && !isPublicAddress(address)) return true;
    let ofAddress = 0;
    let ofNetwork = 0;
    for (const relay of this.#relays.all()) {
      if (relay.address === undefined || relay.descriptor.id === id || relay.verifiedAtMs === undefined)
        continue;
      if (limitKey(relay.address) === limitKey(address)) ofAddress++;
      if (networkKey(relay.address) === networkKey(address)) ofNetwork++;
    }
    return ofAddress < relaysPerAddressMax && ofNetwork < ADDRESSES_PER_NETWORK * relaysPerAddressMax;
  }

  /** Makes room for a relay that can be proven. */
  #evictUnproven(): boolean {
    for (const [id, live] of this.#sessions) {
      if (this.#isProven(id)) continue;
      this.#close(live, CLOSE.full, 'full');
      this.#sessions.delete(id);
      this.#relays.connected(id, false, this.#options.now());
      return true;
    }
    return false;
  }

  #send(live: Live, message: RelayMessage): void {
    this.#sendText(live, encodeRelayMessage(message));
  }

  #sendText(live: Live, text: string): void {
    this.counters.framesSent++;
    this.counters.bytesSent += text.length;
    live.wire.send(text);
  }

  #close(live: Live, code: number, reason: string): void {
    live.session.end();
    live.wire.close(code, reason);
  }
}

/** By number and by length: what is too long for the receiver's limit would cost us the session. */
function* intoFrames(descriptors: readonly SignedDescriptor[]): Generator<SignedDescriptor[]> {
  let frame: SignedDescriptor[] = [];
  let bytes = 0;
  for (const descriptor of descriptors) {
    const more = Buffer.byteLength(JSON.stringify(descriptor)) + 1; // a socket's limit counts bytes
    if (frame.length === KNOWN_MAX || bytes + more > RELAY_FRAME_CHARS_MAX - FRAME_HEAD_BYTES) {
      yield frame;
      frame = [];
      bytes = 0;
    }
    frame.push(descriptor);
    bytes += more;
  }
  if (frame.length > 0) yield frame;
}
const FRAME_HEAD_BYTES = 100;

/** wss://host/path → https://host/path, where its descriptor is. */
const webUrl = (url: string): string => url.replace(/^ws/, 'http');
