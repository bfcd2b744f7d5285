// The table of all relays of the swarm, as one relay keeps it: joins the standing of each relay, what others say of it, and which relays to
// check. Pure: clock, random numbers, keys, sessions and dialling are passed in, so that the simulator runs the same rules.
import {
  idStart,
  vouchText,
  type RelayMessage,
  type RelayRecord,
  type SignedDescriptor,
  type SignedRelayHealth,
  type Vouch,
} from '@relay-swarm/protocol';
import { WORDS_MIN } from './belief.ts';
import { Exchange, type MembershipPeer } from './exchange.ts';
import { Looks } from './looks.ts';
import { createMember } from './member.ts';
import { OwnVouches } from './own-vouches.ts';
import { Standing, type StandingOptions } from './standing.ts';

export type { MembershipPeer } from './exchange.ts';

export interface MembershipOptions extends StandingOptions {
  /** Whether a descriptor is of our swarm, valid now, and has a public URL. */
  readonly accepts: (descriptor: SignedDescriptor) => boolean;
  /** Dials it, and then says `proven()` and `joined()`, or `failed()`. */
  readonly visit: (record: RelayRecord) => void;
  /** Others vouch for us: our descriptor must be issued again and passed to `setSelf()`. */
  readonly vouchedFor: () => void;
}

/** How often the table is compared with that of another relay: any member, or a session where there are no others. */
const COMPARE_MS = 30_000;
const SWEEP_MS = 600_000;
/** In a swarm of up to this size each lost session has another member checked; in larger ones, where others notice too, fewer do. */
const LOOK_AROUND_SIZE = 32;

export class Membership {
  readonly #options: MembershipOptions;
  readonly #standing: Standing;
  readonly #exchange: Exchange;
  readonly #looks: Looks;
  readonly #vouches = new OwnVouches();
  /** Sessions that do not answer. */
  readonly #silent = new Set<string>();
  #comparedAtMs: number;
  #sweptAtMs: number;
  #self: SignedDescriptor | undefined;
  #isVouchedFor = false;

  constructor(options: MembershipOptions, nowMs: number) {
    this.#options = options;
    this.#standing = new Standing(options, nowMs);
    this.#exchange = new Exchange(this.#standing, {
      ...options,
      vouched: (by, vouch) => this.#hearVouch(by, vouch),
    });
    this.#looks = new Looks(this.#standing, options.random, nowMs);
    this.#sweptAtMs = nowMs;
    this.#comparedAtMs = nowMs - options.random() * COMPARE_MS; // not in step with the others
  }

  /** Those that this relay offers, itself among them. */
  get table(): Standing['table'] {
    return this.#standing.table;
  }
  get unproven(): Standing['unproven'] {
    return this.#standing.unproven;
  }
  get down(): Standing['down'] {
    return this.#standing.down;
  }
  get states(): Standing['states'] {
    return this.#standing.states;
  }
  get suspected(): number {
    return this.#standing.suspicions.size;
  }
  isSuspected(start: string): boolean {
    return this.#standing.suspicions.has(start);
  }
  get discredited(): string[] {
    return this.#standing.trust.discredited;
  }
  /** Relays that have raised false alarms and are ignored. */
  get slanderers(): string[] {
    return this.#standing.alarms.discredited;
  }
  get wanted(): number {
    return this.#exchange.wanted;
  }

  /** What this relay says of itself, first and whenever it is issued anew. */
  setSelf(descriptor: SignedDescriptor): void {
    if (this.#self !== undefined && this.#self.url !== descriptor.url) {
      this.#vouches.clear();
      this.#isVouchedFor = false;
    }
    this.#self = descriptor;
    const vouches = this.#vouches.fresh(this.#options.wallClockMs());
    const member = createMember({ descriptor, vouches });
    this.table.set(member, undefined);
    this.#standing.news.addRecord(member);
  }

  /** Sent to the whole swarm where the state, or what is missing, has changed. */
  setHealth(health: SignedRelayHealth): void {
    const { selfStart, news } = this.#standing;
    if (this.states.setOwn(selfStart, health)) news.addState({ start: selfStart, version: health.sequence });
  }

  /** Relays known before the restart. They may have gone since, so they are checked, or vouched for, before they are offered. */
  restore(descriptors: Iterable<SignedDescriptor>, nowMs: number): void {
    const { selfId, accepts, signatures } = this.#options;
    for (const descriptor of descriptors) {
      if (descriptor.id === selfId || !accepts(descriptor)) continue;
      if (signatures.descriptor(descriptor)) this.consider(descriptor, 'before the restart', nowMs);
    }
  }

  /** A connection whose other end has proven its key; `isOurVisit`: we have dialled it to compare tables. */
  joined(peer: MembershipPeer, nowMs: number, isOurVisit = false): void {
    this.down.triedUs(idStart(peer.id), nowMs);
    this.#exchange.joined(peer, nowMs, isOurVisit);
  }

  /** The connection has ended; `isLost`: neither side closed it, so the relay may be dead. */
  left(peer: MembershipPeer, isLost: boolean, nowMs: number): void {
    if (!this.#exchange.left(peer)) return;
    this.#silent.delete(peer.id);
    if (!isLost) return;
    const start = idStart(peer.id);
    if (this.table.get(start) === undefined) return;
    this.#standing.suspicions.lost(start, nowMs, this.#options.random);
  }

  /** A session's ping waits for its answer, or is answered again. */
  silent(id: string, isSilent: boolean, nowMs: number): void {
    const start = idStart(id);
    if (this.#silent.has(id) === isSilent) return;
    if (isSilent) {
      this.#silent.add(id);
      if (this.table.get(start) !== undefined)
        this.#standing.suspicions.lost(start, nowMs, this.#options.random);
    } else {
      this.#silent.delete(id);
      this.#standing.suspicions.delete(start);
    }
  }

  hear(peer: MembershipPeer, message: RelayMessage, nowMs: number): void {
    this.#exchange.hear(peer, message, nowMs);
  }

  /** We have dialled its URL, and its key has answered. False where its address or network has too many already. */
  proven(record: RelayRecord, address: string, nowMs: number): boolean {
    return this.#standing.proven(record, address, nowMs);
  }

  /** A relay that we have just proven takes our word with it. */
  vouchFor(address: string, sign: (text: string) => string, { id, url }: SignedDescriptor): Vouch {
    const vouch = { by: this.#options.selfId, at: Math.round(this.#options.wallClockMs()), address };
    return { ...vouch, signature: sign(vouchText(vouch, id, url)) };
  }

  /** Dialling it has failed. */
  failed(id: string, nowMs: number): void {
    const isAlive = this.#exchange.session(id) !== undefined && !this.#silent.has(id);
    if (this.#standing.failed(idStart(id), isAlive, nowMs) === 'first') this.#lookAround(nowMs);
  }

  /** Another key has answered at its URL, so the failure is not a lost packet. */
  refuted(id: string, nowMs: number): void {
    this.#standing.refuted(idStart(id), nowMs);
  }

  /** Learnt of in another way; checked when it is due. */
  consider(descriptor: SignedDescriptor, introducer: string, nowMs: number): void {
    this.#standing.consider(descriptor, introducer, nowMs);
  }

  /** Once a second or so. */
  tick(nowMs: number): void {
    this.#exchange.tick(nowMs);
    for (const record of this.#looks.take(nowMs)) this.#options.visit(record);
    if (nowMs - this.#comparedAtMs >= COMPARE_MS) {
      this.#comparedAtMs = nowMs;
      this.#compare();
    }
    if (nowMs - this.#sweptAtMs >= SWEEP_MS) {
      this.#sweptAtMs = nowMs;
      this.#standing.sweep(nowMs);
    }
  }

  /** Whether browsers may be told of it: it is a member, not about to stop, and not suspected of being dead. */
  isOffered(start: string): boolean {
    return (
      this.table.get(start) !== undefined &&
      this.states.get(start)?.state !== 'draining' &&
      !this.#standing.suspicions.isGrave(start)
    );
  }

  isProven(id: string): boolean {
    return this.provenAtMs(id) !== undefined;
  }

  provenAtMs(id: string): number | undefined {
    return this.#standing.provenAtMs(idStart(id));
  }

  /** A lost relay is seldom the only one: where a swarm is cut in two, some lost relays may have had no session with anybody else here. */
  #lookAround(nowMs: number): void {
    const { random, selfId } = this.#options;
    if (random() * this.table.size > LOOK_AROUND_SIZE) return;
    const member = this.table.pick(random);
    const id = member?.record.descriptor.id;
    if (member === undefined || id === selfId || this.#exchange.session(id!) !== undefined) return;
    this.#standing.suspicions.add(member.start, undefined, nowMs, random);
  }

  #compare(): void {
    const { random, visit } = this.#options;
    const record = this.#looks.pickToCompare();
    const session = record && this.#exchange.session(record.descriptor.id);
    if (record !== undefined && session === undefined) {
      visit(record);
      return;
    }
    const { sessions } = this.#exchange;
    const one = session ?? sessions[Math.floor(random() * sessions.length)];
    if (one !== undefined) this.#exchange.sendDigest(one);
  }

  #hearVouch(by: string, vouch: Vouch): void {
    const { signatures, wallClockMs, vouchedFor } = this.#options;
    const self = this.#self;
    if (self === undefined || vouch.by !== by || !signatures.vouch(vouch, self.id, self.url)) return;
    this.#vouches.add(vouch, this.table.networkOf(idStart(vouch.by)));
    if (this.#isVouchedFor || this.#vouches.fresh(wallClockMs()).length < WORDS_MIN) return;
    this.#isVouchedFor = true;
    vouchedFor();
  }
}
