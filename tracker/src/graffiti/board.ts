// Who announces and who subscribes to which info hash, and what each subscriber is told. Pure: no sockets, no clock.
//
// Invariant: what a subscriber was told (announces less unannounces) is what its hash's announcers are, after every call.
import { graffitiPush } from '@relay-swarm/protocol';

export interface Member {
  readonly id: string;
  readonly announced: Set<string>;
  readonly subscribed: Set<string>;
  push(text: string): void;
}

interface Topic {
  readonly announcers: Set<Member>;
  readonly subscribers: Set<Member>;
}

export class Board {
  readonly #topics = new Map<string, Topic>();
  announces = 0;
  subscriptions = 0;
  pushes = 0;

  /** Info hashes that somebody announces or subscribes to. */
  get size(): number {
    return this.#topics.size;
  }

  /** Announcing again tells nobody anything: nothing has changed. */
  announce(member: Member, infoHash: string): void {
    if (member.announced.has(infoHash)) return;
    const topic = this.#open(infoHash);
    member.announced.add(infoHash);
    topic.announcers.add(member);
    this.announces++;
    this.#tell(topic, graffitiPush('announce', member.id, infoHash));
  }

  unannounce(member: Member, infoHash: string): void {
    const topic = this.#topics.get(infoHash);
    if (topic === undefined || !member.announced.delete(infoHash)) return;
    topic.announcers.delete(member);
    this.announces--;
    this.#tell(topic, graffitiPush('unannounce', member.id, infoHash));
    this.#closeIfEmpty(infoHash, topic);
  }

  /** Tells of every announcer there is already, the member itself included. */
  subscribe(member: Member, infoHash: string): void {
    if (member.subscribed.has(infoHash)) return;
    const topic = this.#open(infoHash);
    member.subscribed.add(infoHash);
    topic.subscribers.add(member);
    this.subscriptions++;
    for (const { id } of topic.announcers) member.push(graffitiPush('announce', id, infoHash));
    this.pushes += topic.announcers.size;
  }

  unsubscribe(member: Member, infoHash: string): void {
    const topic = this.#topics.get(infoHash);
    if (topic === undefined || !member.subscribed.delete(infoHash)) return;
    topic.subscribers.delete(member);
    this.subscriptions--;
    this.#closeIfEmpty(infoHash, topic);
  }

  /** Leaves first as a subscriber, so that nobody is told of its own end. */
  remove(member: Member): void {
    for (const infoHash of member.subscribed) this.unsubscribe(member, infoHash);
    for (const infoHash of member.announced) this.unannounce(member, infoHash);
  }

  #open(infoHash: string): Topic {
    let topic = this.#topics.get(infoHash);
    if (topic === undefined) {
      topic = { announcers: new Set(), subscribers: new Set() };
      this.#topics.set(infoHash, topic);
    }
    return topic;
  }

  #closeIfEmpty(infoHash: string, { announcers, subscribers }: Topic): void {
    if (announcers.size === 0 && subscribers.size === 0) this.#topics.delete(infoHash);
  }

  #tell({ subscribers }: Topic, text: string): void {
    for (const subscriber of subscribers) subscriber.push(text);
    this.pushes += subscribers.size;
  }
}
