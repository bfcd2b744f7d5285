// How relays compare and update the table of all relays: news at once, digests now and then, and what differs between two tables. Pure:
// sessions send, the clock is passed in.
import { newBucket, takeToken, type Bucket, type Rate } from '@relay-swarm/net/rate';
import {
  HAVE_MAX,
  idStart,
  STATES_MAX,
  type Have,
  type RelayMessage,
  type RelayRecord,
  type SignedDescriptor,
  type SignedRelayHealth,
  type VersionRef,
  type Vouch,
} from '@relay-swarm/protocol';
import type { Signatures } from '../proof/signatures.ts';
import { differing, digestsOf, missingIn } from './differences.ts';
import { createMember } from './member.ts';
import { isFreshVouch } from './own-vouches.ts';
import { intoRecordFrames } from './record-frames.ts';
import type { Standing } from './standing.ts';
import { isWell } from './state-notes.ts';
import { Wants } from './wants.ts';

/** Another relay on an open connection, its key proven. A visit compares tables and leaves. */
export interface MembershipPeer {
  readonly id: string;
  readonly isVisit: boolean;
  send(message: RelayMessage): void;
}

export interface ExchangeOptions {
  readonly random: () => number;
  /** Milliseconds since 1970. */
  readonly wallClockMs: () => number;
  readonly signatures: Signatures;
  /** Whether a descriptor is of our swarm, valid now, and has a public URL. */
  readonly accepts: (descriptor: SignedDescriptor) => boolean;
  /** A relay says that it has dialled our URL. */
  readonly vouched: (by: string, vouch: Vouch) => void;
}

/** News waits this long, so that several items go in one message. */
export const TELL_MS = 2_000;
/** Tables are compared at once when a session begins, this many times in a minute: with newcomers first. */
const COMPARED_AT_ONCE = 4;
/** One relay may ask us for the whole table at this rate. */
const SERVED: Rate = { perSecond: 128, burst: 512 };
const GONE_HEARD: Rate = { perSecond: 0.5, burst: 32 };
const DIGESTS_HEARD: Rate = { perSecond: 0.1, burst: 3 };

interface PeerState {
  readonly peer: MembershipPeer;
  readonly served: Bucket;
  readonly goneHeard: Bucket;
  readonly digestsHeard: Bucket;
}

export class Exchange {
  readonly #options: ExchangeOptions;
  readonly #standing: Standing;
  readonly #wants = new Wants();
  readonly #peers = new Map<MembershipPeer, PeerState>();
  readonly #sessions = new Map<string, MembershipPeer>();
  #comparedAtOnce: number[] = [];
  #toldAtMs = 0;

  constructor(standing: Standing, options: ExchangeOptions) {
    this.#standing = standing;
    this.#options = options;
  }

  get wanted(): number {
    return this.#wants.size;
  }

  session(id: string): MembershipPeer | undefined {
    return this.#sessions.get(id);
  }

  get sessions(): MembershipPeer[] {
    return [...this.#sessions.values()];
  }

  /** A connection whose other end has proven its key; `isOurVisit`: we have dialled it to compare tables. */
  joined(peer: MembershipPeer, nowMs: number, isOurVisit: boolean): void {
    this.#peers.set(peer, {
      peer,
      served: newBucket(SERVED, nowMs),
      goneHeard: newBucket(GONE_HEARD, nowMs),
      digestsHeard: newBucket(DIGESTS_HEARD, nowMs),
    });
    if (peer.isVisit) {
      if (isOurVisit) this.sendDigest(peer);
      return;
    }
    this.#sessions.set(peer.id, peer);
    this.#standing.suspicions.delete(idStart(peer.id));
    this.#comparedAtOnce = this.#comparedAtOnce.filter((atMs) => nowMs - atMs < 60_000);
    if (this.#comparedAtOnce.length >= COMPARED_AT_ONCE) return;
    this.#comparedAtOnce.push(nowMs);
    this.sendDigest(peer);
  }

  /** Whether it was a session that is over now. */
  left(peer: MembershipPeer): boolean {
    this.#peers.delete(peer);
    if (this.#sessions.get(peer.id) !== peer) return false;
    this.#sessions.delete(peer.id);
    return true;
  }

  hear(peer: MembershipPeer, message: RelayMessage, nowMs: number): void {
    const state = this.#peers.get(peer);
    if (state === undefined) return;
    if (message.action === 'have') this.#hearHave(state, message, nowMs);
    else if (message.action === 'want') this.#hearWant(state, message.records, message.states, nowMs);
    else if (message.action === 'records')
      for (const record of message.records) this.#hearRecord(peer, record, nowMs);
    else if (message.action === 'states')
      for (const health of message.healths) this.#hearState(peer, health, nowMs);
    else if (message.action === 'digest') this.#hearDigest(state, message.digests, nowMs);
    else if (message.action === 'vouch') this.#options.vouched(peer.id, message.vouch);
  }

  /** Asks for what is wanted, and tells what is new. */
  tick(nowMs: number): void {
    for (const [peer, records] of this.#wants.take(nowMs)) {
      (peer as MembershipPeer).send({ action: 'want', records, states: [] });
    }
    if (nowMs - this.#toldAtMs < TELL_MS) return;
    this.#toldAtMs = nowMs;
    this.#tell();
  }

  /** Begins to compare tables with this relay. */
  sendDigest(peer: MembershipPeer): void {
    peer.send({ action: 'digest', digests: digestsOf(this.#standing.table) });
  }

  /** Tells what it has in the buckets that differ; the other side answers with what it has beyond that. */
  #hearDigest({ peer, digestsHeard }: PeerState, digests: string, nowMs: number): void {
    if (!takeToken(digestsHeard, DIGESTS_HEARD, nowMs)) return;
    for (const message of differing(this.#standing.table, digests)) peer.send(message);
  }

  #hearHave({ peer, goneHeard }: PeerState, { records, states, gone, buckets }: Have, nowMs: number): void {
    const goneHere: string[] = [];
    for (const ref of records) {
      if (this.#hearRef(peer, ref, nowMs) === 'down') goneHere.push(ref.start);
    }
    const newStates = states.filter(
      (ref) => this.#standing.table.get(ref.start) !== undefined && this.#standing.states.isNews(ref),
    );
    if (newStates.length > 0) {
      peer.send({ action: 'want', records: [], states: newStates.map(({ start }) => start) });
    }
    for (const start of gone) {
      const member = this.#standing.table.get(start);
      if (
        member === undefined ||
        start === this.#standing.selfStart ||
        this.#sessions.has(member.record.descriptor.id)
      )
        continue;
      if (this.#standing.alarms.isDiscredited(peer.id) || !takeToken(goneHeard, GONE_HEARD, nowMs)) continue;
      this.#standing.suspicions.add(start, peer.id, nowMs, this.#options.random);
    }
    if (buckets.length === 0) return;
    const missing = missingIn(records, this.#standing.table, buckets);
    if (missing.length + goneHere.length === 0) return;
    peer.send({
      action: 'have',
      records: missing.slice(0, HAVE_MAX),
      states: [],
      gone: goneHere.slice(0, HAVE_MAX),
      buckets: [],
    });
  }

  #hearRef(peer: MembershipPeer, ref: VersionRef, nowMs: number): 'known' | 'down' | 'new' {
    const { start, version } = ref;
    if (start === this.#standing.selfStart) return 'known';
    const member = this.#standing.table.get(start);
    if (member !== undefined && member.version >= version) {
      this.#standing.news.heardRecord(ref, peer.id);
      return 'known';
    }
    const down = this.#standing.down.get(start);
    if (down !== undefined && down.member.version >= version) {
      if (this.#standing.offered(start, peer.id, nowMs)) return 'known';
      return this.#standing.down.isCertain(start, nowMs) ? 'down' : 'known';
    }
    const entry = this.#standing.unproven.get(start);
    if (entry !== undefined && entry.member.version >= version) {
      this.#standing.unproven.addWord(entry, peer.id);
      this.#standing.judge(entry.member, entry.words, nowMs);
      return 'known';
    }
    this.#wants.add(ref, peer, nowMs);
    return 'new';
  }

  #hearWant(
    { peer, served }: PeerState,
    starts: readonly string[],
    states: readonly string[],
    nowMs: number,
  ): void {
    const today = this.#options.wallClockMs();
    const records: RelayRecord[] = [];
    const healths: SignedRelayHealth[] = [];
    for (const start of starts) {
      const member = this.#standing.table.get(start);
      if (member === undefined || !takeToken(served, SERVED, nowMs)) continue;
      records.push(withFreshVouches(member.record, today));
      const health = this.#standing.states.get(start);
      if (health !== undefined && !isWell(health)) healths.push(health);
    }
    for (const start of states) {
      const health = this.#standing.states.get(start);
      if (health !== undefined && takeToken(served, SERVED, nowMs)) healths.push(health);
    }
    for (const frame of intoRecordFrames(records)) peer.send({ action: 'records', records: frame });
    for (let i = 0; i < healths.length; i += STATES_MAX) {
      peer.send({ action: 'states', healths: healths.slice(i, i + STATES_MAX) });
    }
  }

  #hearRecord(peer: MembershipPeer, record: RelayRecord, nowMs: number): void {
    const { descriptor } = record;
    const member = createMember(record);
    const { start } = member;
    if (!this.#wants.came(start, peer) || start === this.#standing.selfStart) return;
    const known = this.#standing.table.get(start);
    const older =
      known ?? this.#standing.down.get(start)?.member ?? this.#standing.unproven.get(start)?.member;
    if (older !== undefined && older.version >= member.version) return;
    if (!this.#options.accepts(descriptor) || !this.#isSigned(descriptor)) {
      this.#standing.trust.note(peer.id, false, nowMs);
      return;
    }
    if (known !== undefined && known.record.descriptor.url === descriptor.url) {
      this.#standing.admit(member, undefined, peer.id); // this relay has answered at this URL before
      return;
    }
    const entry = this.#standing.unproven.add(member, peer.id, nowMs);
    if (entry === undefined) return;
    this.#standing.unproven.addWord(entry, peer.id);
    this.#standing.judge(member, entry.words, nowMs);
  }

  #hearState(peer: MembershipPeer, health: SignedRelayHealth, nowMs: number): void {
    const ref = { start: idStart(health.id), version: health.sequence };
    if (ref.start === this.#standing.selfStart || this.#standing.table.get(ref.start) === undefined) return;
    if (!this.#standing.states.isNews(ref)) return;
    if (!this.#options.signatures.health(health)) return;
    if (this.#standing.states.set(ref.start, health, nowMs)) this.#standing.news.addState(ref, peer.id);
  }

  #tell(): void {
    if (this.#standing.news.isEmpty) return;
    for (const peer of this.#sessions.values()) {
      const have = this.#standing.news.for(peer.id);
      if (have !== undefined) peer.send(have);
    }
    this.#standing.news.told();
  }

  #isSigned(descriptor: SignedDescriptor): boolean {
    return this.#options.signatures.descriptor(descriptor);
  }
}

function withFreshVouches(record: RelayRecord, today: number): RelayRecord {
  return record.vouches.every((vouch) => isFreshVouch(vouch, today))
    ? record
    : { ...record, vouches: record.vouches.filter((vouch) => isFreshVouch(vouch, today)) };
}
