// The table of all relays of the swarm, as one relay keeps it: whom it offers, and how it hears of others, tells of them, looks for itself
// and stops believing. Pure: clock, dice, keys, sessions and dialling are passed in, so that the simulator runs the same rules.
// Long because every message meets every table here; the rule of each table stands in its own file.
import { newBucket, takeToken, type Bucket, type Rate } from '@relay-swarm/net/rate';
import {
  BUCKETS,
  HAVE_MAX,
  idStart,
  STATES_MAX,
  vouchText,
  type Have,
  type RelayMessage,
  type RelayRecord,
  type SignedDescriptor,
  type SignedRelayHealth,
  type VersionRef,
  type Vouch,
} from '@relay-swarm/protocol';
import type { Signatures } from '../proof/signatures.ts';
import { judge, WORDS_MIN, type BeliefOptions } from './belief.ts';
import { DownTable } from './down.ts';
import { bucketName, createMember, type Member } from './member.ts';
import type { MemberStore } from './member-store.ts';
import { MemberTable, type MemberTableLimits, type Place } from './member-table.ts';
import { News } from './news.ts';
import { isFreshVouch, OwnVouches } from './own-vouches.ts';
import { intoRecordFrames } from './record-frames.ts';
import { StateNotes } from './state-notes.ts';
import { Suspicions } from './suspicions.ts';
import { Trust } from './trust.ts';
import { UnprovenTable } from './unproven.ts';
import { Wants } from './wants.ts';

/** Another relay on an open connection, its key proven. A visit compares tables and leaves. */
export interface MembershipPeer {
  readonly id: string;
  readonly isVisit: boolean;
  send(message: RelayMessage): void;
}

export interface MembershipOptions extends MemberTableLimits {
  readonly selfId: string;
  readonly store: MemberStore;
  readonly unprovenMax: number;
  readonly random: () => number;
  /** Milliseconds since 1970. */
  readonly calendar: () => number;
  readonly signatures: Signatures;
  readonly placeOf: BeliefOptions['placeOf'];
  /** Whether a descriptor is of our swarm, in its time, and for everybody. */
  readonly accepts: (descriptor: SignedDescriptor) => boolean;
  /** Dials it, and then says `proven()` and `joined()`, or `failed()`. */
  readonly visit: (record: RelayRecord) => void;
  /** Others vouch for us: our descriptor is to be issued anew, for `setSelf()`. */
  readonly vouchedFor: () => void;
}

/** News waits so long, so that several go in one message. */
export const TELL_MS = 2_000;
/** So often a table is compared with another one: of any member, or of a session where there are no others. */
export const COMPARE_MS = 30_000;
/** Sessions that begin are compared with at once, so many in a minute: a newcomer's first. */
const COMPARED_AT_ONCE = 4;
const UNPROVEN_LOOKS: Rate = { perSecond: 1, burst: 8 };
const DOWN_LOOKS: Rate = { perSecond: 0.2, burst: 4 };
/** A whole table may be asked for of one relay at this rate. */
const SERVED: Rate = { perSecond: 128, burst: 512 };
const GONE_HEARD: Rate = { perSecond: 0.5, burst: 32 };
const DIGESTS_HEARD: Rate = { perSecond: 0.1, burst: 3 };
/** A look of our own counts for so long, for what that relay says of others. */
const PROVEN_MS_MAX = 86_400_000;
const PROVEN_MAX = 20_000;
/** Words are on record so long, to be found wrong. */
const BELIEVED_MS = 3_600_000;
const SWEEP_MS = 600_000;
/** Of the visits so many go to members that are so by others' word alone. */
const HEARSAY_SHARE = 0.5;
/** Looked at once a word was found wrong. */
const DOUBTED_MAX = 8;

interface PeerState {
  readonly peer: MembershipPeer;
  readonly served: Bucket;
  readonly goneHeard: Bucket;
  readonly digestsHeard: Bucket;
}

export class Membership {
  readonly table: MemberTable;
  readonly unproven: UnprovenTable;
  readonly down: DownTable;
  readonly states = new StateNotes();
  readonly #options: MembershipOptions;
  readonly #selfStart: string;
  readonly #belief: BeliefOptions;
  readonly #suspicions = new Suspicions();
  readonly #trust = new Trust();
  readonly #alarms = new Trust();
  readonly #news = new News();
  readonly #wants = new Wants();
  readonly #vouches = new OwnVouches();
  readonly #peers = new Map<MembershipPeer, PeerState>();
  readonly #sessions = new Map<string, MembershipPeer>();
  readonly #provenAtMs = new Map<string, number>();
  readonly #believedBy = new Map<string, { readonly ids: readonly string[]; readonly atMs: number }>();
  readonly #unprovenLooks: Bucket;
  readonly #downLooks: Bucket;
  readonly #startedAtMs: number;
  #comparedAtOnce: number[] = [];
  #comparedAtMs: number;
  #toldAtMs = 0;
  #sweptAtMs: number;
  #self: Member | undefined;
  #isVouchedFor = false;

  constructor(options: MembershipOptions, nowMs: number) {
    this.#options = options;
    this.#selfStart = idStart(options.selfId);
    this.table = new MemberTable(options.store, options);
    this.unproven = new UnprovenTable(options.unprovenMax);
    this.down = new DownTable(options.membersMax);
    this.#belief = {
      ...{ table: this.table, signatures: options.signatures, placeOf: options.placeOf },
      isProven: (start) => this.#provenAtMs.has(start),
      isDiscredited: (id) => this.#trust.isDiscredited(id),
    };
    this.#unprovenLooks = newBucket(UNPROVEN_LOOKS, nowMs);
    this.#downLooks = newBucket(DOWN_LOOKS, nowMs);
    this.#startedAtMs = nowMs;
    this.#sweptAtMs = nowMs;
    this.#comparedAtMs = nowMs - options.random() * COMPARE_MS; // not in step with the others
  }

  /** What this relay says of itself, first and whenever it is issued anew. */
  setSelf(descriptor: SignedDescriptor): void {
    if (this.#self !== undefined && this.#self.record.descriptor.url !== descriptor.url) {
      this.#vouches.clear();
      this.#isVouchedFor = false;
    }
    const vouches = this.#vouches.fresh(this.#options.calendar());
    this.#self = createMember({ descriptor, vouches });
    this.table.set(this.#self, undefined);
    this.#news.addRecord(this.#self);
  }

  /** Told to the whole swarm where the state has changed. */
  setHealth(health: SignedRelayHealth): void {
    if (this.states.setOwn(this.#selfStart, health))
      this.#news.addState({ start: this.#selfStart, version: health.sequence });
  }

  /** Relays of before the restart: they may have gone since, so they are looked at, or spoken for, before they are offered. */
  restore(descriptors: Iterable<SignedDescriptor>, nowMs: number): void {
    for (const descriptor of descriptors) {
      if (descriptor.id === this.#options.selfId || !this.#options.accepts(descriptor)) continue;
      if (this.#isSigned(descriptor)) this.consider(descriptor, 'before the restart', nowMs);
    }
  }

  /** A connection whose other end has proven its key; `isOurVisit`: we have dialled it to compare tables. */
  joined(peer: MembershipPeer, nowMs: number, isOurVisit = false): void {
    this.#peers.set(peer, {
      peer,
      served: newBucket(SERVED, nowMs),
      goneHeard: newBucket(GONE_HEARD, nowMs),
      digestsHeard: newBucket(DIGESTS_HEARD, nowMs),
    });
    if (peer.isVisit) {
      if (isOurVisit) this.#sendDigest(peer);
      return;
    }
    this.#sessions.set(peer.id, peer);
    this.#suspicions.delete(idStart(peer.id));
    this.#comparedAtOnce = this.#comparedAtOnce.filter((atMs) => nowMs - atMs < 60_000);
    if (this.#comparedAtOnce.length >= COMPARED_AT_ONCE) return;
    this.#comparedAtOnce.push(nowMs);
    this.#sendDigest(peer);
  }

  /** The connection is over; `isLost`: not by anybody's wish, so that the relay may be dead. */
  left(peer: MembershipPeer, isLost: boolean, nowMs: number): void {
    this.#peers.delete(peer);
    if (this.#sessions.get(peer.id) !== peer) return;
    this.#sessions.delete(peer.id);
    const start = idStart(peer.id);
    if (isLost && this.table.get(start) !== undefined) {
      this.#suspicions.add(start, undefined, nowMs, this.#options.random);
    }
  }

  /** We have dialled its URL, and its key has answered. False where its address or network has too many already. */
  proven(record: RelayRecord, address: string, nowMs: number): boolean {
    const { id, url } = record.descriptor;
    const { placeOf } = this.#options;
    const start = idStart(id);
    const place = placeOf(address, id);
    this.#noteWords(start, record, true);
    const teller = this.#suspicions.answered(start, nowMs);
    if (teller !== undefined) this.#alarms.note(teller, false);
    if (!this.table.hasRoom(start, place)) {
      this.#forget(start);
      return false;
    }
    this.#provenAtMs.delete(start);
    this.#provenAtMs.set(start, nowMs);
    if (this.#provenAtMs.size > PROVEN_MAX) this.#provenAtMs.delete(this.#provenAtMs.keys().next().value!);
    const known = [this.table.get(start), this.unproven.get(start)?.member, this.down.get(start)?.member];
    const newest = [...known, createMember(record)]
      .filter((one) => one !== undefined && one.record.descriptor.url === url)
      .reduce((a, b) => (b!.version > a!.version ? b : a))!;
    this.#admit(newest, place, undefined);
    return true;
  }

  /** A relay that we have just proven takes our word with it. */
  vouchFor(address: string, sign: (text: string) => string, { id, url }: SignedDescriptor): Vouch {
    const vouch = { by: this.#options.selfId, at: Math.round(this.#options.calendar()), address };
    return { ...vouch, signature: sign(vouchText(vouch, id, url)) };
  }

  /** Dialled in vain, or another key has answered. */
  failed(id: string, nowMs: number): void {
    const start = idStart(id);
    this.unproven.failed(start, nowMs);
    this.down.failed(start, nowMs);
    const member = this.table.get(start);
    if (member === undefined || member === this.#self || this.#sessions.has(id)) {
      this.#suspicions.delete(start);
      return;
    }
    if (this.#suspicions.failed(start, nowMs)) this.#fell(member, nowMs);
  }

  /** Another key has answered at its URL: that is no packet lost. */
  refuted(id: string, nowMs: number): void {
    const start = idStart(id);
    const member = this.table.get(start);
    this.unproven.delete(start);
    if (member !== undefined && member !== this.#self) this.#fell(member, nowMs);
  }

  /** Heard of in another way; looked at in its turn. */
  consider(descriptor: SignedDescriptor, introducer: string, nowMs: number): void {
    const start = idStart(descriptor.id);
    if (this.table.get(start) !== undefined || this.down.get(start) !== undefined) return;
    this.unproven.add(createMember({ descriptor, vouches: [] }), introducer, nowMs);
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
    else if (message.action === 'vouch') this.#hearVouch(peer, message.vouch);
  }

  /** Once a second or so. */
  tick(nowMs: number): void {
    for (const [peer, records] of this.#wants.take(nowMs)) {
      (peer as MembershipPeer).send({ action: 'want', records, states: [] });
    }
    if (nowMs - this.#toldAtMs >= TELL_MS) {
      this.#toldAtMs = nowMs;
      this.#tell();
    }
    this.#look(nowMs);
    if (nowMs - this.#comparedAtMs >= COMPARE_MS) {
      this.#comparedAtMs = nowMs;
      this.#compare();
    }
    if (nowMs - this.#sweptAtMs >= SWEEP_MS) {
      this.#sweptAtMs = nowMs;
      this.#sweep(nowMs);
    }
  }

  /** Whether browsers may be told of it: a member, and not about to stop. */
  isOffered(start: string): boolean {
    return this.table.get(start) !== undefined && this.states.get(start)?.state !== 'draining';
  }

  isProven(id: string): boolean {
    return this.#provenAtMs.has(idStart(id));
  }

  provenAtMs(id: string): number | undefined {
    return this.#provenAtMs.get(idStart(id));
  }

  get suspected(): number {
    return this.#suspicions.size;
  }
  isSuspected(start: string): boolean {
    return this.#suspicions.has(start);
  }
  get discredited(): string[] {
    return this.#trust.discredited;
  }
  /** Those that have raised false alarms, and are not listened to. */
  get slanderers(): string[] {
    return this.#alarms.discredited;
  }
  get wanted(): number {
    return this.#wants.size;
  }

  /** Looks for itself: at those that are suspected, at newcomers, and at those that were down. */
  #look(nowMs: number): void {
    const { visit, random } = this.#options;
    for (const start of this.#suspicions.takeDue(nowMs)) {
      const member = this.table.get(start);
      if (member === undefined) this.#suspicions.delete(start);
      else visit(member.record);
    }
    while (this.unproven.size > 0 && takeToken(this.#unprovenLooks, UNPROVEN_LOOKS, nowMs)) {
      const entry = this.unproven.takeDue(nowMs, random);
      if (entry === undefined) break;
      // What has come in meanwhile may be enough: then there is no need to look
      if (!this.#judge(entry.member, entry.words, nowMs)) visit(entry.member.record);
    }
    while (this.down.size > 0 && takeToken(this.#downLooks, DOWN_LOOKS, nowMs)) {
      const member = this.down.takeDue(nowMs);
      if (member === undefined) break;
      visit(member.record);
    }
  }

  /** With any member, so that no company of relays is ever among itself. */
  #compare(): void {
    const { random, visit } = this.#options;
    const hearsay = random() < HEARSAY_SHARE ? this.#pickHearsay() : undefined;
    const member = hearsay ?? this.table.pick(random);
    const session = member && this.#sessions.get(member.record.descriptor.id);
    if (member !== undefined && member !== this.#self && session === undefined) {
      visit(member.record);
      return;
    }
    const sessions = [...this.#sessions.values()];
    const one = session ?? sessions[Math.floor(random() * sessions.length)];
    if (one !== undefined) this.#sendDigest(one);
  }

  /** A member by others' word alone. */
  #pickHearsay(): Member | undefined {
    const starts = [...this.#believedBy.keys()].filter((start) => !this.#provenAtMs.has(start));
    return this.table.get(starts[Math.floor(this.#options.random() * starts.length)] ?? '');
  }

  #sendDigest(peer: MembershipPeer): void {
    let digests = '';
    for (let bucket = 0; bucket < BUCKETS; bucket++)
      digests += this.table.digest(bucket).toString(16).padStart(8, '0');
    peer.send({ action: 'digest', digests });
  }

  /** Tells what it has in the buckets that differ; the other side answers with what it has beyond that. */
  #hearDigest({ peer, digestsHeard }: PeerState, digests: string, nowMs: number): void {
    if (!takeToken(digestsHeard, DIGESTS_HEARD, nowMs)) return;
    let records: VersionRef[] = [];
    let buckets: string[] = [];
    const send = (): void => {
      if (buckets.length > 0) peer.send({ action: 'have', records, states: [], gone: [], buckets });
      records = [];
      buckets = [];
    };
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      const theirs = Number.parseInt(digests.slice(8 * bucket, 8 * bucket + 8), 16);
      if (theirs === this.table.digest(bucket)) continue;
      const own = [...this.table.bucket(bucket)].slice(0, HAVE_MAX);
      if (records.length + own.length > HAVE_MAX) send();
      records.push(...own);
      buckets.push(bucketName(bucket));
    }
    send();
  }

  #hearHave({ peer, goneHeard }: PeerState, { records, states, gone, buckets }: Have, nowMs: number): void {
    const goneHere: string[] = [];
    for (const ref of records) {
      if (this.#hearRef(peer, ref, nowMs) === 'down') goneHere.push(ref.start);
    }
    const newStates = states.filter(
      (ref) => this.table.get(ref.start) !== undefined && this.states.isNews(ref),
    );
    if (newStates.length > 0) {
      peer.send({ action: 'want', records: [], states: newStates.map(({ start }) => start) });
    }
    for (const start of gone) {
      const member = this.table.get(start);
      if (member === undefined || member === this.#self || this.#sessions.has(member.record.descriptor.id))
        continue;
      if (this.#alarms.isDiscredited(peer.id) || !takeToken(goneHeard, GONE_HEARD, nowMs)) continue;
      this.#suspicions.add(start, peer.id, nowMs, this.#options.random);
    }
    if (buckets.length > 0) this.#answerBuckets(peer, records, buckets, goneHere);
  }

  /** What this relay has in these buckets and the other has not, or only older. */
  #answerBuckets(
    peer: MembershipPeer,
    theirs: readonly VersionRef[],
    buckets: readonly string[],
    gone: readonly string[],
  ): void {
    const versions = new Map(theirs.map(({ start, version }) => [start, version]));
    const records: VersionRef[] = [];
    for (const bucket of buckets) {
      for (const member of this.table.bucket(Number.parseInt(bucket, 16))) {
        if ((versions.get(member.start) ?? -1) < member.version) records.push(member);
      }
    }
    if (records.length + gone.length === 0) return;
    peer.send({
      action: 'have',
      records: records.slice(0, HAVE_MAX),
      states: [],
      gone: gone.slice(0, HAVE_MAX),
      buckets: [],
    });
  }

  #hearRef(peer: MembershipPeer, ref: VersionRef, nowMs: number): 'known' | 'down' | 'new' {
    const { start, version } = ref;
    if (start === this.#selfStart) return 'known';
    const member = this.table.get(start);
    if (member !== undefined && member.version >= version) {
      this.#news.heardRecord(ref, peer.id);
      return 'known';
    }
    const down = this.down.get(start);
    if (down !== undefined && down.member.version >= version) {
      this.down.hint(start, nowMs);
      return 'down';
    }
    const entry = this.unproven.get(start);
    if (entry !== undefined && entry.member.version >= version) {
      this.unproven.addWord(entry, peer.id);
      this.#judge(entry.member, entry.words, nowMs);
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
    const today = this.#options.calendar();
    const records: RelayRecord[] = [];
    const healths: SignedRelayHealth[] = [];
    for (const start of starts) {
      const member = this.table.get(start);
      if (member === undefined || !takeToken(served, SERVED, nowMs)) continue;
      records.push(withFreshVouches(member.record, today));
      const health = this.states.get(start);
      if (health !== undefined && health.state !== 'ok') healths.push(health);
    }
    for (const start of states) {
      const health = this.states.get(start);
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
    if (!this.#wants.came(start, peer) || start === this.#selfStart) return;
    const known = this.table.get(start);
    const older = known ?? this.down.get(start)?.member ?? this.unproven.get(start)?.member;
    if (older !== undefined && older.version >= member.version) return;
    if (!this.#options.accepts(descriptor) || !this.#isSigned(descriptor)) {
      this.#trust.note(peer.id, false);
      return;
    }
    if (known !== undefined && known.record.descriptor.url === descriptor.url) {
      this.#admit(member, undefined, peer.id); // it has answered at this URL before
      return;
    }
    const entry = this.unproven.add(member, peer.id, nowMs);
    if (entry === undefined) return;
    this.unproven.addWord(entry, peer.id);
    this.#judge(member, entry.words, nowMs);
  }

  #hearState(peer: MembershipPeer, health: SignedRelayHealth, nowMs: number): void {
    const ref = { start: idStart(health.id), version: health.sequence };
    if (ref.start === this.#selfStart || this.table.get(ref.start) === undefined) return;
    if (!this.states.isNews(ref)) return;
    if (!this.#options.signatures.health(health)) return;
    if (this.states.set(ref.start, health, nowMs)) this.#news.addState(ref, peer.id);
  }

  #hearVouch(peer: MembershipPeer, vouch: Vouch): void {
    const self = this.#self?.record.descriptor;
    if (self === undefined || vouch.by !== peer.id) return;
    if (!this.#options.signatures.vouch(vouch, self.id, self.url)) return;
    this.#vouches.add(vouch, this.table.networkOf(idStart(vouch.by)));
    if (this.#isVouchedFor || this.#vouches.fresh(this.#options.calendar()).length < WORDS_MIN) return;
    this.#isVouchedFor = true;
    this.#options.vouchedFor();
  }

  /** Makes it a member where enough speaks for it. */
  #judge(member: Member, words: Iterable<string>, nowMs: number): boolean {
    const down = this.down.get(member.start);
    const today = this.#options.calendar();
    const notBefore = down === undefined ? 0 : today - (nowMs - down.sinceMs);
    const belief = judge(member, words, notBefore, today, this.#belief);
    if (belief === undefined) return false;
    if (!this.table.hasRoom(member.start, belief.place)) {
      this.unproven.failed(member.start, nowMs);
      return false;
    }
    if (!this.#provenAtMs.has(member.start)) {
      this.#believedBy.delete(member.start);
      this.#believedBy.set(member.start, { ids: belief.by, atMs: nowMs });
    }
    this.#admit(member, belief.place, undefined);
    return true;
  }

  #admit(member: Member, place: Place | undefined, teller: string | undefined): void {
    const { start } = member;
    const before = this.table.get(start);
    this.table.set(member, place ?? this.down.get(start)?.place);
    this.unproven.delete(start);
    this.down.delete(start);
    if (before === undefined || before.version < member.version) this.#news.addRecord(member, teller);
  }

  /** Looked at twice in vain. */
  #fell(member: Member, nowMs: number): void {
    const { start, record } = member;
    const wrong = this.#believedBy.get(start)?.ids ?? [];
    this.#noteWords(start, record, false);
    this.#doubt(wrong, nowMs);
    const place = this.table.place(start);
    this.table.delete(start);
    this.down.add(member, place, nowMs);
    this.states.delete(start);
    this.#news.addGone(start);
  }

  #forget(start: string): void {
    this.table.delete(start);
    this.unproven.delete(start);
    this.down.delete(start);
    this.states.delete(start);
  }

  /** Whoever spoke for it was right, or wrong. */
  #noteWords(start: string, record: RelayRecord, isRight: boolean): void {
    const believed = this.#believedBy.get(start)?.ids;
    this.#believedBy.delete(start);
    const today = this.#options.calendar();
    const vouchers = record.vouches.filter((vouch) => isFreshVouch(vouch, today)).map(({ by }) => by);
    const ids = believed ?? (isRight && !this.#provenAtMs.has(start) ? vouchers : []);
    for (const id of ids) if (this.#trust.note(id, isRight)) this.#disbelieve(id);
  }

  /** Whoever was wrong once may be so again: some of what else rests on these words is looked at now. */
  #doubt(ids: readonly string[], nowMs: number): void {
    let left = DOUBTED_MAX;
    for (const [start, believed] of this.#believedBy) {
      if (left <= 0) return;
      if (this.#provenAtMs.has(start) || !believed.ids.some((id) => ids.includes(id))) continue;
      if (this.#suspicions.add(start, undefined, nowMs, this.#options.random)) left--;
    }
  }

  /** What rests on its word is looked at again. */
  #disbelieve(id: string): void {
    for (const [start, { ids }] of this.#believedBy) {
      const member = this.table.get(start);
      if (!ids.includes(id) || member === undefined) continue;
      const left = ids.filter((one) => !this.#trust.isDiscredited(one));
      if (left.length >= WORDS_MIN) continue;
      this.#believedBy.delete(start);
      this.table.delete(start);
      this.unproven.add(member, id, this.#startedAtMs);
    }
  }

  #tell(): void {
    if (this.#news.isEmpty) return;
    for (const peer of this.#sessions.values()) {
      const have = this.#news.for(peer.id);
      if (have !== undefined) peer.send(have);
    }
    this.#news.told();
  }

  #isSigned(descriptor: SignedDescriptor): boolean {
    return this.#options.signatures.descriptor(descriptor);
  }

  /** What is over: descriptors, old proofs, words that nobody has found wrong. */
  #sweep(nowMs: number): void {
    const today = this.#options.calendar();
    const over: string[] = [];
    for (const { start, record } of this.table.all()) {
      if (record.descriptor.expiresAt <= today && start !== this.#selfStart) over.push(start);
    }
    for (const start of over) this.#forget(start);
    for (const { member } of this.unproven.all()) {
      if (member.record.descriptor.expiresAt <= today) this.unproven.delete(member.start);
    }
    this.#trust.fade();
    this.#alarms.fade();
    dropOlder(this.#provenAtMs, (atMs) => nowMs - atMs > PROVEN_MS_MAX);
    dropOlder(this.#believedBy, ({ atMs }) => nowMs - atMs > BELIEVED_MS);
  }
}

/** Maps that are filled in the order of time. */
function dropOlder<T>(map: Map<string, T>, isOld: (value: T) => boolean): void {
  for (const [key, value] of map) {
    if (!isOld(value)) break;
    map.delete(key);
  }
}

function withFreshVouches(record: RelayRecord, today: number): RelayRecord {
  return record.vouches.every((vouch) => isFreshVouch(vouch, today))
    ? record
    : { ...record, vouches: record.vouches.filter((vouch) => isFreshVouch(vouch, today)) };
}
