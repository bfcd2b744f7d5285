// How relays of version 1, which keep no table of all relays, learn of others: news is pushed to a few; what is still missing is asked for. Pure.
import { newBucket, takeToken, type Bucket } from '@relay-swarm/net';
import { ASK_KNOWN_MAX, idStart, type SignedDescriptor } from '@relay-swarm/protocol';
import { sample } from '../discovery/candidates.ts';
import type { RelayTable } from '../roster/relay-table.ts';
import type { RelayConnection } from '../sessions/relay-connection.ts';
import type { SessionTable } from '../sessions/session-table.ts';
import { intoFrames } from './known-frames.ts';

/** A newcomer asks this many relays at once for those that it lacks; each tells up to ANSWER_MAX. */
const ASKS_PER_MINUTE = 3;
const ANSWER_MAX = 64;
const ANSWER_AGAIN_MS = 30_000;
/** News of a relay is sent to this many others, who pass it on: enough to reach every relay. */
const NEWS_SESSIONS = 3;
/** A relay that comes and goes is passed on as news only once in this time. */
const NEWS_AGAIN_MS = 30_000;
/** Descriptors of others that one session may show us. */
const THIRD_PARTY = { perSecond: 8, burst: 256 } as const;

export interface GossipOptions {
  readonly selfId: string;
  readonly relays: RelayTable;
  readonly sessions: SessionTable;
  /** Some members of the table of all relays, for relays of version 1, which cannot ask for them. */
  readonly someMembers: (countMax: number) => readonly SignedDescriptor[];
  readonly periodMs: number;
  readonly random: () => number;
  readonly refused: () => void;
}

interface Talk {
  answeredAtMs: number;
  readonly thirdParty: Bucket;
}

export class Gossip {
  readonly #options: GossipOptions;
  readonly #talks = new WeakMap<RelayConnection, Talk>();
  readonly #news = new Set<string>();
  readonly #toldAtMs = new Map<string, number>();
  #asksAtMs: number[] = [];
  #askedAtMs = 0;

  constructor(options: GossipOptions) {
    this.#options = options;
  }

  /** A session has begun. */
  begin(connection: RelayConnection, nowMs: number): void {
    if (connection.session.peer.version > 1) return;
    this.#asksAtMs = this.#asksAtMs.filter((atMs) => nowMs - atMs < 60_000);
    if (this.#asksAtMs.length >= ASKS_PER_MINUTE) return;
    this.#asksAtMs.push(nowMs);
    this.#ask(connection, nowMs);
  }

  /** It asks for relays that it does not know. */
  hearAsk(connection: RelayConnection, known: readonly string[], nowMs: number): void {
    const talk = this.#talkOf(connection, nowMs);
    if (nowMs - talk.answeredAtMs < ANSWER_AGAIN_MS) return;
    talk.answeredAtMs = nowMs;
    this.answer(connection, new Set(known), nowMs);
  }

  hearKnown(connection: RelayConnection, descriptors: readonly SignedDescriptor[], nowMs: number): void {
    const { relays, selfId, refused } = this.#options;
    const { thirdParty } = this.#talkOf(connection, nowMs);
    for (const descriptor of descriptors) {
      if (!takeToken(thirdParty, THIRD_PARTY, nowMs)) break;
      const offer = relays.offer(descriptor, connection.id!, nowMs); // heard after the proof only
      if (offer === 'known') relays.hint(descriptor.id, nowMs);
      else if (offer === 'refused' && descriptor.id !== selfId) refused();
    }
  }

  answer(connection: RelayConnection, known: ReadonlySet<string>, nowMs: number): void {
    const { relays, random, someMembers } = this.#options;
    const near = relays.offered(nowMs).map(({ descriptor }) => descriptor);
    const ids = new Set(near.map(({ id }) => id));
    const news = [...near, ...someMembers(ANSWER_MAX).filter(({ id }) => !ids.has(id))].filter(
      ({ id }) => !known.has(idStart(id)),
    );
    tell(connection, sample(news, ANSWER_MAX, random));
  }

  /** A relay may have entered the roster: the others are told of it with the next tick. */
  queueNews(id: string, nowMs: number): void {
    const { relays } = this.#options;
    const relay = relays.get(id);
    if (relay === undefined || !relays.isOffered(relay, nowMs)) return;
    if (nowMs - (this.#toldAtMs.get(id) ?? -Infinity) < NEWS_AGAIN_MS) return;
    this.#toldAtMs.set(id, nowMs);
    this.#news.add(id);
  }

  /** Once a second or so. */
  tick(nowMs: number): void {
    this.#passOn();
    // In each period one relay is asked for the relays that we do not know, so that missed news is found in the end
    if (nowMs - this.#askedAtMs < this.#options.periodMs) return;
    this.#askedAtMs = nowMs;
    for (const [id, atMs] of this.#toldAtMs) if (nowMs - atMs >= NEWS_AGAIN_MS) this.#toldAtMs.delete(id);
    for (const one of sample(this.#older(), 1, this.#options.random)) this.#ask(one, nowMs);
  }

  #passOn(): void {
    if (this.#news.size === 0) return;
    const { relays, random } = this.#options;
    const known = [...this.#news].flatMap((id) => relays.get(id)?.descriptor ?? []);
    this.#news.clear();
    for (const connection of sample(this.#older(), NEWS_SESSIONS, random)) tell(connection, known);
  }

  #older(): RelayConnection[] {
    return this.#options.sessions.all().filter(({ session }) => session.peer.version === 1);
  }

  #ask(connection: RelayConnection, nowMs: number): void {
    const known = this.#options.relays.offered(nowMs).map(({ descriptor }) => idStart(descriptor.id));
    connection.send({ action: 'ask', known: known.slice(0, ASK_KNOWN_MAX) });
  }

  #talkOf(connection: RelayConnection, nowMs: number): Talk {
    let talk = this.#talks.get(connection);
    if (talk === undefined) {
      talk = { answeredAtMs: -Infinity, thirdParty: newBucket(THIRD_PARTY, nowMs) };
      this.#talks.set(connection, talk);
    }
    return talk;
  }
}

function tell(connection: RelayConnection, descriptors: readonly SignedDescriptor[]): void {
  const others = descriptors.filter(({ id }) => id !== connection.id);
  for (const frame of intoFrames(others)) connection.send({ action: 'known', descriptors: frame });
}
