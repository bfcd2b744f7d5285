// Who announces and who subscribes to which info hash, and what each subscriber is told. Pure: no sockets, no clock.
//
// Invariant: a subscriber is told of an announce once, and of its end if and only if it was told of it. What it believes then
// (announces less unannounces) is the truth, once it has read all that there is to tell.
import { graffitiPush } from '@relay-swarm/protocol';

export interface Member {
  readonly id: string;
  readonly announced: Set<string>;
  readonly subscribed: Set<string>;
  /** Subscriptions that have not been told of everybody yet, oldest first. */
  readonly listings: Listing[];
  /** Whether it should read first before it is told of more that was there already. */
  readonly isCongested: boolean;
  push(text: string): void;
}

interface Listing {
  readonly infoHash: string;
  readonly topic: Topic;
  /** Where it stands. A Map's iterator also comes to what is added behind it, and leaves out what is deleted before it. */
  readonly rest: Iterator<[Member, number]>;
  /** The number of the last announce it told of. */
  toldUpTo: number;
}

interface Topic {
  /** Each with the number of its announce; later ones have higher numbers, and come later. */
  readonly announcers: Map<Member, number>;
  /** Each with its listing, as long as that is not at its end. */
  readonly subscribers: Map<Member, Listing | undefined>;
}

export class Board {
  readonly #topics = new Map<string, Topic>();
  #announceNumber = 0;
  announces = 0;
  subscriptions = 0;
  pushes = 0;

  get size(): number {
    return this.#topics.size;
  }

  has(infoHash: string): boolean {
    return this.#topics.has(infoHash);
  }

  /** Announcing again tells nobody anything: nothing has changed. */
  announce(member: Member, infoHash: string): void {
    if (member.announced.has(infoHash)) return;
    const topic = this.#open(infoHash);
    member.announced.add(infoHash);
    topic.announcers.set(member, ++this.#announceNumber);
    this.announces++;
    const text = graffitiPush('announce', member.id, infoHash);
    for (const [subscriber, listing] of topic.subscribers) {
      if (listing === undefined) this.#push(subscriber, text); // else the listing will come to it
    }
  }

  unannounce(member: Member, infoHash: string): void {
    const topic = this.#topics.get(infoHash);
    if (topic === undefined || !member.announced.delete(infoHash)) return;
    const number = topic.announcers.get(member)!;
    topic.announcers.delete(member);
    this.announces--;
    const text = graffitiPush('unannounce', member.id, infoHash);
    for (const [subscriber, listing] of topic.subscribers) {
      if (listing === undefined || number <= listing.toldUpTo) this.#push(subscriber, text);
    }
    this.#closeIfEmpty(infoHash, topic);
  }

  /** list() then tells of every announcer that there is already, the member itself included. */
  subscribe(member: Member, infoHash: string): void {
    if (member.subscribed.has(infoHash)) return;
    const topic = this.#open(infoHash);
    const listing = { infoHash, topic, rest: topic.announcers.entries(), toldUpTo: 0 };
    member.subscribed.add(infoHash);
    member.listings.push(listing);
    topic.subscribers.set(member, listing);
    this.subscriptions++;
  }

  /** Goes on with the member's listings as far as it reads; false where there is more to tell later. */
  list(member: Member): boolean {
    for (let listing = member.listings[0]; listing !== undefined; listing = member.listings[0]) {
      for (;;) {
        if (member.isCongested) return false;
        const next = listing.rest.next();
        if (next.done === true) break;
        const [announcer, number] = next.value;
        listing.toldUpTo = number;
        this.#push(member, graffitiPush('announce', announcer.id, listing.infoHash));
      }
      listing.topic.subscribers.set(member, undefined);
      member.listings.shift();
    }
    return true;
  }

  unsubscribe(member: Member, infoHash: string): void {
    const topic = this.#topics.get(infoHash);
    if (topic === undefined || !member.subscribed.delete(infoHash)) return;
    const listing = topic.subscribers.get(member);
    if (listing !== undefined) member.listings.splice(member.listings.indexOf(listing), 1);
    topic.subscribers.delete(member);
    this.subscriptions--;
    this.#closeIfEmpty(infoHash, topic);
  }

  /** Info hashes that somebody announces or subscribes to. */
  infoHashes(): IterableIterator<string> {
    return this.#topics.keys();
  }

  /** Ends every announce, which the subscribers are told, and then every subscription. Takes a step for each one, and for each one told. */
  *close(infoHash: string): Generator<void, void> {
    const topic = this.#topics.get(infoHash);
    for (const announcer of topic?.announcers.keys() ?? []) {
      const before = this.pushes;
      this.unannounce(announcer, infoHash);
      for (let told = this.pushes - before; told > 0; told--) yield;
      yield;
    }
    for (const subscriber of topic?.subscribers.keys() ?? []) {
      this.unsubscribe(subscriber, infoHash);
      yield;
    }
  }

  /** Leaves first as a subscriber, so that nobody is told of its own end. */
  remove(member: Member): void {
    for (const infoHash of member.subscribed) this.unsubscribe(member, infoHash);
    for (const infoHash of member.announced) this.unannounce(member, infoHash);
  }

  #open(infoHash: string): Topic {
    let topic = this.#topics.get(infoHash);
    if (topic === undefined) {
      topic = { announcers: new Map(), subscribers: new Map() };
      this.#topics.set(infoHash, topic);
    }
    return topic;
  }

  #closeIfEmpty(infoHash: string, { announcers, subscribers }: Topic): void {
    if (announcers.size === 0 && subscribers.size === 0) this.#topics.delete(infoHash);
  }

  #push(subscriber: Member, text: string): void {
    subscriber.push(text);
    this.pushes++;
  }
}
