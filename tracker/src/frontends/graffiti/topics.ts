// Which peers announce and subscribe to which info hash, and what each subscriber is told. Pure: no sockets, no clock. Long because a topic and a
// subscription are the two sides of one log.
//
// Invariant: a subscriber is told of an announce once, and of its end if and only if it was told of it. What it believes then
// (announces less unannounces) is the truth, once it has read all that there is to tell.
//
// A topic keeps a log of what happened; each subscription has its place in it. So telling thousands of subscribers is work that can
// be done in slices (FanOut), and a subscriber that reads slowly holds up nobody and has nothing queued for it.
import { ShareCounts } from '@relay-swarm/net';
import { graffitiPush } from '@relay-swarm/protocol';
import type { FanOut, Task } from './fan-out.ts';

export interface Subscriber {
  readonly id: string;
  readonly addressKey: string;
  readonly announced: Set<string>;
  readonly subscribed: Set<string>;
  /** Whether it should read first before it is told more. */
  readonly isCongested: boolean;
  push(text: string): void;
  /** Counts bytes that are held for it; false where it may not hold more. */
  hold(bytes: number): boolean;
  release(bytes: number): void;
  /** Gives the task to the fan-out again once it has read what it was sent. */
  wait(task: Task): void;
  /** It has not read for so long that keeping the log for it costs too much: ends its connection. */
  dismiss(): void;
}

interface Announced {
  readonly peer: string;
  isOver: boolean;
}
/** An announce, or its end. */
type Entry = Announced | { readonly ended: Announced };

/**
 * What an announce or a subscription takes, with its share of a topic: 140 bytes where twenty share it, 900 where it is alone (measured).
 * Its bytes are to be held before it is made, and are given back here.
 */
export const ENTRY_BYTES = 500;
/** Log entries beyond the announces in force that are kept for subscribers that lag. */
const LAG_MAX = 20_000;
const COMPACT_FROM = 64;

export class Topics {
  readonly #topics = new Map<string, Topic>();
  readonly #fanOut: FanOut;
  /** Announces and subscriptions of each address. */
  readonly shares = new ShareCounts();
  announces = 0;
  subscriptions = 0;
  pushes = 0;

  constructor(fanOut: FanOut) {
    this.#fanOut = fanOut;
  }

  get size(): number {
    return this.#topics.size;
  }

  has(infoHash: string): boolean {
    return this.#topics.has(infoHash);
  }

  announcers(infoHash: string): number {
    return this.#topics.get(infoHash)?.announcers.size ?? 0;
  }

  subscribers(infoHash: string): number {
    return this.#topics.get(infoHash)?.subscriptions.size ?? 0;
  }

  /** Announcing again tells nobody anything: nothing has changed. */
  announce(member: Subscriber, infoHash: string): void {
    if (member.announced.has(infoHash)) return;
    const topic = this.#open(infoHash);
    member.announced.add(infoHash);
    this.announces++;
    this.shares.add(member.addressKey);
    const entry = { peer: member.id, isOver: false };
    topic.announcers.set(member, entry);
    topic.append(entry);
    if (topic.subscriptions.size > 0) this.#fanOut.add(topic);
  }

  unannounce(member: Subscriber, infoHash: string): void {
    const topic = this.#topics.get(infoHash);
    if (topic === undefined || !member.announced.delete(infoHash)) return;
    const entry = topic.announcers.get(member)!;
    topic.announcers.delete(member);
    this.announces--;
    this.shares.remove(member.addressKey);
    member.release(ENTRY_BYTES);
    entry.isOver = true;
    if (topic.subscriptions.size > 0) {
      topic.append({ ended: entry });
      this.#fanOut.add(topic);
    }
    this.#closeIfEmpty(topic);
  }

  /** The member is then told of every announcer that there is already, itself included. */
  subscribe(member: Subscriber, infoHash: string): void {
    if (member.subscribed.has(infoHash)) return;
    const topic = this.#open(infoHash);
    const subscription = new Subscription(topic, member);
    member.subscribed.add(infoHash);
    topic.subscriptions.set(member, subscription);
    this.subscriptions++;
    this.shares.add(member.addressKey);
    if (topic.announcers.size > 0) this.#fanOut.add(subscription);
  }

  unsubscribe(member: Subscriber, infoHash: string): void {
    const topic = this.#topics.get(infoHash);
    if (topic === undefined || !member.subscribed.delete(infoHash)) return;
    topic.subscriptions.get(member)!.isOver = true;
    topic.subscriptions.delete(member);
    this.subscriptions--;
    this.shares.remove(member.addressKey);
    member.release(ENTRY_BYTES);
    this.#closeIfEmpty(topic);
  }

  /** Info hashes that somebody announces or subscribes to. */
  infoHashes(): IterableIterator<string> {
    return this.#topics.keys();
  }

  /** Ends every announce, which the subscribers are told, and then every subscription. Takes a step for each one, and for each one told. */
  *close(infoHash: string): Generator<void, void> {
    const topic = this.#topics.get(infoHash);
    for (const announcer of topic?.announcers.keys() ?? []) {
      this.unannounce(announcer, infoHash);
      yield;
    }
    for (const [member, subscription] of topic?.subscriptions ?? []) {
      while (subscription.tell(1, true) > 0) yield; // the last messages of this topic do not wait for slow readers
      this.unsubscribe(member, infoHash);
      yield;
    }
  }

  /** Leaves first as a subscriber, so that nobody is told of its own end. */
  remove(member: Subscriber): void {
    for (const infoHash of member.subscribed) this.unsubscribe(member, infoHash);
    for (const infoHash of member.announced) this.unannounce(member, infoHash);
  }

  #open(infoHash: string): Topic {
    let topic = this.#topics.get(infoHash);
    if (topic === undefined) {
      topic = new Topic(infoHash, () => {
        this.pushes++;
      });
      this.#topics.set(infoHash, topic);
    }
    return topic;
  }

  #closeIfEmpty({ infoHash, announcers, subscriptions }: Topic): void {
    if (announcers.size === 0 && subscriptions.size === 0) this.#topics.delete(infoHash);
  }
}

class Topic implements Task {
  readonly infoHash: string;
  readonly pushed: () => void;
  readonly announcers = new Map<Subscriber, Announced>();
  readonly subscriptions = new Map<Subscriber, Subscription>();
  /** What happened, oldest first. */
  log: Entry[] = [];
  #compactAt = COMPACT_FROM;
  #round: Iterator<Subscription> | undefined = undefined;
  #roundUpTo = 0;
  #current: Subscription | undefined = undefined;

  constructor(infoHash: string, pushed: () => void) {
    this.infoHash = infoHash;
    this.pushed = pushed;
  }

  append(entry: Entry): void {
    if (this.log.length >= this.#compactAt) this.#compact();
    this.log.push(entry);
  }

  /** Goes on with the round through all subscriptions. */
  advance(stepsMax: number): number {
    let steps = 0;
    while (steps < stepsMax) {
      const subscription = (this.#current ??= this.#next());
      if (subscription === undefined) break;
      steps += 1 + subscription.tell(stepsMax - steps);
      if (!subscription.hasMore) this.#current = undefined;
    }
    return steps;
  }

  /** A round that began before the newest entry came is followed by another one. */
  #next(): Subscription | undefined {
    for (;;) {
      if (this.#round === undefined) {
        if (this.#roundUpTo === this.log.length) return undefined;
        this.#roundUpTo = this.log.length;
        this.#round = this.subscriptions.values();
      }
      const next = this.#round.next();
      if (next.done !== true) return next.value;
      this.#round = undefined;
    }
  }

  /** Leaves out each announce that is over, together with its end, where no subscription stands between the two. */
  #compact(): void {
    this.#dismissLaggards();
    const places = [...this.subscriptions.values()]
      .map(({ place }) => place)
      .sort((one, other) => one - other);
    const began = new Map<Entry, number>();
    const isOutdated = new Set<Entry>();
    this.log.forEach((entry, index) => {
      if (!('ended' in entry)) {
        began.set(entry, index);
        if (entry.isOver) isOutdated.add(entry); // unless its end follows, and a subscriber still has to be told that
      } else if (firstAbove(places, began.get(entry.ended) ?? -1) <= index) isOutdated.delete(entry.ended);
    });
    const kept: Entry[] = [];
    const keptBefore = this.log.map((entry) =>
      isOutdated.has('ended' in entry ? entry.ended : entry) ? kept.length : kept.push(entry) - 1,
    );
    keptBefore.push(kept.length);
    for (const subscription of this.subscriptions.values())
      subscription.place = keptBefore[subscription.place]!;
    this.log = kept;
    this.#roundUpTo = -1; // the numbers have changed, so the next round looks at all subscriptions
    this.#compactAt = 2 * kept.length + COMPACT_FROM;
  }

  #dismissLaggards(): void {
    if (this.log.length - this.announcers.size <= 2 * LAG_MAX) return;
    const oldest = this.log.length - LAG_MAX;
    for (const [member, { place }] of this.subscriptions) if (place < oldest) member.dismiss();
  }
}

/** The first of the sorted numbers that is above the given one; infinite where none is. */
function firstAbove(sorted: readonly number[], number: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! > number) high = middle;
    else low = middle + 1;
  }
  return sorted[low] ?? Infinity;
}

/** One subscriber of one topic. As a task: what it has not been told yet. */
class Subscription implements Task {
  readonly topic: Topic;
  readonly #member: Subscriber;
  /** Where the entry stands that comes next. */
  place = 0;
  isOver = false;
  /** For its subscriber to read. */
  #isWaiting = false;
  /** Announces that were over when it came to them: their ends are not told either. */
  #skipped: Set<Entry> | undefined = undefined;

  constructor(topic: Topic, member: Subscriber) {
    this.topic = topic;
    this.#member = member;
  }

  /** Whether there is something to tell that need not wait for the subscriber. */
  get hasMore(): boolean {
    return !this.isOver && !this.#isWaiting && this.place < this.topic.log.length;
  }

  advance(stepsMax: number): number {
    this.#isWaiting = false;
    return this.isOver ? 0 : this.tell(stepsMax);
  }

  /** Tells so many entries at most; returns how many. */
  tell(stepsMax: number, isUrgent = false): number {
    const { topic } = this;
    let steps = 0;
    for (; !this.isOver && this.place < topic.log.length && steps < stepsMax; steps++) {
      if (!isUrgent && this.#mustWait()) break;
      const entry = topic.log[this.place]!;
      this.place++;
      this.#tell(entry);
    }
    return steps;
  }

  #mustWait(): boolean {
    if (this.#isWaiting) return true;
    if (!this.#member.isCongested) return false;
    this.#isWaiting = true;
    this.#member.wait(this);
    return true;
  }

  #tell(entry: Entry): void {
    if (!('ended' in entry)) {
      if (entry.isOver) (this.#skipped ??= new Set()).add(entry);
      else this.#push('announce', entry.peer);
    } else if (this.#skipped?.delete(entry.ended) !== true) this.#push('unannounce', entry.ended.peer);
  }

  #push(action: 'announce' | 'unannounce', peer: string): void {
    this.topic.pushed();
    this.#member.push(graffitiPush(action, peer, this.topic.infoHash));
  }
}
