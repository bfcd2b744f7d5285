// What counts for and against each relay, and whether it is therefore a member, unproven or down. Pure: clock, random numbers and
// keys are passed in; bounded.
import { idStart, type RelayRecord, type SignedDescriptor } from '@relay-swarm/protocol';
import type { Signatures } from '../proof/signatures.ts';
import { judge as judgeWords, WORDS_MIN, type BeliefOptions } from './belief.ts';
import { DownTable } from './down.ts';
import { createMember, type Member } from './member.ts';
import type { MemberStore } from './member-store.ts';
import { MemberTable, type MemberTableLimits, type Place } from './member-table.ts';
import { News } from './news.ts';
import { isFreshVouch } from './own-vouches.ts';
import { StateNotes } from './state-notes.ts';
import { Suspicions } from './suspicions.ts';
import { Trust } from './trust.ts';
import { UnprovenTable } from './unproven.ts';

export interface StandingOptions extends MemberTableLimits {
  readonly selfId: string;
  readonly store: MemberStore;
  readonly unprovenMax: number;
  readonly random: () => number;
  /** Milliseconds since 1970. */
  readonly wallClockMs: () => number;
  readonly signatures: Signatures;
  readonly placeOf: BeliefOptions['placeOf'];
}

/** For this long after our own check of a relay, its word about others counts. */
const PROVEN_MS_MAX = 86_400_000;
const PROVEN_MAX = 20_000;
/** How long vouches are remembered, so that they can be found wrong. */
const BELIEVED_MS = 3_600_000;
/** Failures within this time are taken to have one cause. */
const WRONG_AGAIN_MS = 10_000;
/** Alarms of one message. */
const ALARM_AGAIN_MS = 2_000;
/** Members that are checked when a vouch was found wrong. */
const DOUBTED_MAX = 8;

export class Standing {
  readonly table: MemberTable;
  readonly unproven: UnprovenTable;
  readonly down: DownTable;
  readonly states = new StateNotes();
  readonly suspicions = new Suspicions();
  /** How often each relay's vouches for others were wrong. */
  readonly trust = new Trust(WRONG_AGAIN_MS);
  /** How often each relay's alarms were false. */
  readonly alarms = new Trust(ALARM_AGAIN_MS);
  readonly news = new News();
  readonly selfStart: string;
  readonly #options: StandingOptions;
  readonly #belief: BeliefOptions;
  readonly #provenAtMs = new Map<string, number>();
  readonly #believedBy = new Map<string, { readonly ids: readonly string[]; readonly atMs: number }>();
  readonly #startedAtMs: number;

  constructor(options: StandingOptions, nowMs: number) {
    this.#options = options;
    this.selfStart = idStart(options.selfId);
    this.table = new MemberTable(options.store, options);
    this.unproven = new UnprovenTable(options.unprovenMax);
    this.down = new DownTable(options.membersMax);
    this.#belief = {
      ...{ table: this.table, signatures: options.signatures, placeOf: options.placeOf },
      isProven: (start) => this.#provenAtMs.has(start),
      isDiscredited: (id) => this.trust.isDiscredited(id),
    };
    this.#startedAtMs = nowMs;
  }

  provenAtMs(start: string): number | undefined {
    return this.#provenAtMs.get(start);
  }

  /** Members that this relay has not checked itself, only others. */
  get thirdParty(): string[] {
    return [...this.#believedBy.keys()].filter((start) => !this.#provenAtMs.has(start));
  }

  /** We have dialled its URL, and its key has answered. False where its address or network has too many already. */
  proven(record: RelayRecord, address: string, nowMs: number): boolean {
    const { id, url } = record.descriptor;
    const { placeOf } = this.#options;
    const start = idStart(id);
    const place = placeOf(address, id);
    this.#noteWords(start, record, true, nowMs);
    const alarm = this.suspicions.answered(start, nowMs);
    if (alarm !== undefined) this.alarms.note(alarm.teller, false, alarm.toldAtMs);
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
    this.admit(newest, place, undefined);
    return true;
  }

  /** Dialling it has failed, for the first time or again; `hasSession`: it is alive all the same. */
  failed(start: string, hasSession: boolean, nowMs: number): 'first' | undefined {
    this.unproven.failed(start, nowMs);
    this.down.failed(start, nowMs);
    const member = this.table.get(start);
    if (member === undefined || start === this.selfStart || hasSession) {
      this.suspicions.delete(start);
      return undefined;
    }
    const alarm = this.suspicions.get(start);
    const hasDied = this.suspicions.hasReason(start);
    if (this.suspicions.failed(start, nowMs) === 'first') {
      // Told at once: no relay believes it without its own check, and so the news needs half the time from one relay to the next
      this.news.addGone(start);
      return 'first';
    }
    if (alarm !== undefined) this.alarms.note(alarm.teller, true, nowMs);
    this.#fell(member, hasDied, nowMs);
    return undefined;
  }

  /** Another key has answered at its URL, so the failure is not a lost packet. */
  refuted(start: string, nowMs: number): void {
    const member = this.table.get(start);
    this.unproven.delete(start);
    if (member === undefined || start === this.selfStart) return;
    this.news.addGone(start);
    this.#fell(member, false, nowMs);
  }

  /** Learnt of in another way than from another relay's table; checked when it is due. */
  consider(descriptor: SignedDescriptor, introducer: string, nowMs: number): void {
    const start = idStart(descriptor.id);
    if (this.table.get(start) !== undefined || this.down.get(start) !== undefined) return;
    this.unproven.add(createMember({ descriptor, vouches: [] }), introducer, nowMs);
  }

  /** Another relay offers one that is down here. Returns whether it is a member again. */
  offered(start: string, by: string, nowMs: number): boolean {
    const words = this.down.offered(start, by, nowMs);
    const down = this.down.get(start);
    if (down === undefined || words === undefined || words.size < WORDS_MIN) return false; // signatures cost
    return this.judge(down.member, words, nowMs);
  }

  /** Makes it a member where enough relays vouch for it. */
  judge(member: Member, words: Iterable<string>, nowMs: number): boolean {
    const down = this.down.get(member.start);
    const today = this.#options.wallClockMs();
    const notBefore = down === undefined ? 0 : today - (nowMs - down.sinceMs);
    const belief = judgeWords(member, words, notBefore, today, this.#belief);
    if (belief === undefined) return false;
    if (!this.table.hasRoom(member.start, belief.place)) {
      this.unproven.failed(member.start, nowMs);
      return false;
    }
    if (!this.#provenAtMs.has(member.start)) {
      this.#believedBy.delete(member.start);
      this.#believedBy.set(member.start, { ids: belief.by, atMs: nowMs });
    }
    this.admit(member, belief.place, undefined);
    return true;
  }

  /** Among the members, or a newer version of one; without a place it keeps the one that it had. */
  admit(member: Member, place: Place | undefined, teller: string | undefined): void {
    const { start } = member;
    const before = this.table.get(start);
    this.table.set(member, place ?? this.down.get(start)?.place);
    this.unproven.delete(start);
    this.down.delete(start);
    this.states.renewed(start, member.record.descriptor.issuedAt);
    if (before === undefined || before.version < member.version) this.news.addRecord(member, teller);
  }

  /** Two checks have failed; `hasDied`: others or we have seen it alive before, so no vouch for it was wrong. */
  #fell(member: Member, hasDied: boolean, nowMs: number): void {
    const { start, record } = member;
    const wrong = this.#believedBy.get(start)?.ids ?? [];
    if (hasDied) this.#believedBy.delete(start);
    else this.#noteWords(start, record, false, nowMs);
    this.#doubt(wrong, nowMs);
    const place = this.table.place(start);
    this.table.delete(start);
    this.down.add(member, place, nowMs);
    this.states.delete(start);
  }

  #forget(start: string): void {
    this.table.delete(start);
    this.unproven.delete(start);
    this.down.delete(start);
    this.states.delete(start);
  }

  /** Notes for each relay that vouched for it whether it was right. */
  #noteWords(start: string, record: RelayRecord, isRight: boolean, nowMs: number): void {
    const believed = this.#believedBy.get(start)?.ids;
    this.#believedBy.delete(start);
    const today = this.#options.wallClockMs();
    const vouchers = record.vouches.filter((vouch) => isFreshVouch(vouch, today)).map(({ by }) => by);
    const ids = believed ?? (isRight && !this.#provenAtMs.has(start) ? vouchers : []);
    for (const id of ids) if (this.trust.note(id, isRight, nowMs)) this.#disbelieve(id);
  }

  /** A relay that was wrong once may be wrong again: some other members that it vouched for are checked now. */
  #doubt(ids: readonly string[], nowMs: number): void {
    let left = DOUBTED_MAX;
    for (const [start, believed] of this.#believedBy) {
      if (left <= 0) return;
      if (this.#provenAtMs.has(start) || !believed.ids.some((id) => ids.includes(id))) continue;
      if (this.suspicions.add(start, undefined, nowMs, this.#options.random)) left--;
    }
  }

  /** Members that too few others vouch for without it become unproven, and are checked again. */
  #disbelieve(id: string): void {
    for (const [start, { ids }] of this.#believedBy) {
      const member = this.table.get(start);
      if (!ids.includes(id) || member === undefined) continue;
      const left = ids.filter((one) => !this.trust.isDiscredited(one));
      if (left.length >= WORDS_MIN) continue;
      this.#believedBy.delete(start);
      this.table.delete(start);
      this.unproven.add(member, id, this.#startedAtMs);
    }
  }

  /** Forgets what has expired: descriptors, old proofs, vouches that were not found wrong. */
  sweep(nowMs: number): void {
    const today = this.#options.wallClockMs();
    const over: string[] = [];
    for (const { start, record } of this.table.all()) {
      if (record.descriptor.expiresAt <= today && start !== this.selfStart) over.push(start);
    }
    for (const start of over) this.#forget(start);
    for (const { member } of this.unproven.all()) {
      if (member.record.descriptor.expiresAt <= today) this.unproven.delete(member.start);
    }
    this.trust.fade();
    this.alarms.fade();
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
