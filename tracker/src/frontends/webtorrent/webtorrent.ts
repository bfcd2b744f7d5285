// The WebTorrent protocol's rules: a frame in, frames out to this and other connections. No sockets, no clock: both are passed in.
// A fault that the client can recover from is answered and never closes the socket, which serves all torrents of a page.
import { takeToken, newBucket, type Rate } from '@relay-swarm/net';
import type { FrameMemory } from '../../frames/frame-memory.ts';
import { noteOffer, takeOffer } from '../../swarm/open-offers.ts';
import { Priority, type Link, type Peer } from '../../swarm/peer.ts';
import type { SwarmRefusal, SwarmStore } from '../../swarm/swarm-store.ts';
import type { RandomInt } from '../../swarm/random-int.ts';
import { AnnounceRule, type Announce, type AnnounceRefusal } from '../announce-rule.ts';
import type { Frontend, Protocol } from '../protocol.ts';
import { LIMITS } from './limits.ts';
import { OFFERS_READ_MAX, SCRAPE_HASHES_MAX, type Message } from './message.ts';
import { MessageReader } from './reader.ts';
import {
  announceReply,
  answerFrame,
  emptyReply,
  failure,
  OfferFrames,
  replyOnce,
  scrapeReply,
  type Extra,
  type ScrapeFile,
} from './writer.ts';

export interface WebTorrentOptions {
  readonly swarms: SwarmStore;
  readonly memory: FrameMemory;
  /** What an announce reply asks for now. */
  readonly intervalSeconds: () => number;
  /** Announces of one connection. */
  readonly announces: Rate;
  /** Offers forwarded for one announce. */
  readonly offersMax: number;
  readonly randomInt: RandomInt;
  /** Why this info hash is not served here, or undefined where it is. */
  readonly refuse: (infoHash: string) => string | undefined;
  /** What an announce reply tells a client that asked for other relays. */
  readonly relays: () => Extra;
  /** Whether an answer to this peer is passed on although no offer is remembered: what it offered elsewhere may be answered here. */
  readonly mayBeAnswered?: (peer: Peer, nowMs: number) => boolean;
}

interface WebTorrentAnnounce extends Announce {
  readonly link: Link;
  readonly peerId: string;
  readonly message: Message;
}

/** This many bytes that have to be parsed the slow way cost as much as one message. */
const PLAIN_BYTES_PER_TOKEN = 100;
/** This many torrents of a scrape cost as much as one message. */
const SCRAPED_PER_TOKEN = 8;
/** Within this time the holder of a peer id has answered or its connection has ended. */
const CONTEST_SECONDS = 10;

export class WebTorrent implements Frontend<Link>, Protocol<Link> {
  readonly #options: WebTorrentOptions;
  readonly #reader = new MessageReader();
  readonly #rule: AnnounceRule<WebTorrentAnnounce, Peer, SwarmRefusal>;
  readonly #chosen: Peer[] = Array.from<Peer>({ length: OFFERS_READ_MAX });
  #choices = 0;
  readonly counts = {
    announces: 0,
    answers: 0,
    scrapes: 0,
    refused: 0,
    malformed: 0,
    offersSent: 0,
    answersSent: 0,
    answersLost: 0,
    tooManyAnnounces: 0,
  };
  /** Announces that a limit of the swarms refused. */
  readonly announcesRefused: Record<SwarmRefusal, number> = {
    swarms_full: 0,
    connection_swarms_full: 0,
    peers_full: 0,
    memory_full: 0,
    address_peers_full: 0,
    peer_id_contested: 0,
    peer_id_held: 0,
  };

  constructor(options: WebTorrentOptions) {
    const { swarms, refuse } = options;
    this.#options = options;
    this.#rule = new AnnounceRule<WebTorrentAnnounce, Peer, SwarmRefusal>({
      members: swarms,
      limits: LIMITS,
      refuse,
    });
  }

  /** Frames that were not in the usual form and had to be parsed the slow way. */
  get plainReads(): number {
    return this.#reader.plainReads;
  }

  /** Takes every frame that no other protocol recognizes, and answers what it expects. */
  recognizes(): boolean {
    return true;
  }

  open(): this {
    return this;
  }

  isIdle(link: Link): boolean {
    return link.peers.length === 0;
  }

  closed(link: Link): void {
    this.#options.swarms.removeAllOf(link);
  }

  receive(link: Link, frame: Buffer, nowMs: number): boolean {
    const message = this.read(link, frame, nowMs);
    if (message === undefined) return false;
    this.handle(link, message, nowMs);
    return true;
  }

  /** Undefined where it cannot be read: the link was told. The message is good until the next one is read. */
  read(link: Link, frame: Buffer, nowMs: number): Message | undefined {
    const message = this.#reader.read(frame, (bytes) => link.pay(bytes / PLAIN_BYTES_PER_TOKEN, nowMs));
    if (message === undefined) {
      this.counts.malformed++;
      link.send(
        failure('announce', undefined, 'Cannot read the message: it must be one JSON object'),
        Priority.reply,
      );
    }
    return message;
  }

  handle(link: Link, message: Message, nowMs: number): void {
    if (message.action === 'scrape') this.#scrape(link, message, nowMs);
    else if (message.action === undefined)
      this.#refuse(link, message, 'Cannot read "action": it must be "announce" or "scrape"');
    else if (message.infoHash === undefined)
      this.#refuse(
        link,
        message,
        'Cannot read "info_hash": it must be a string of 20 characters up to U+00FF',
      );
    else if (message.peerId === undefined)
      this.#refuse(link, message, 'Cannot read "peer_id": it must be a string of 20 characters up to U+00FF');
    else if (message.answer.start !== 0) this.#answer(link, message, nowMs);
    else this.#announce(link, message, message.infoHash, message.peerId, nowMs);
  }

  #announce(link: Link, message: Message, infoHash: string, peerId: string, nowMs: number): void {
    const { announces } = this.#options;
    if (!takeToken((link.announceBucket ??= newBucket(announces, nowMs)), announces, nowMs)) {
      this.counts.tooManyAnnounces++;
      this.#refuse(link, message, 'Too many announces in a short time: wait for the interval');
      return;
    }
    const { event, left } = message;
    if (event === 'invalid') {
      this.#refuse(
        link,
        message,
        'Cannot read "event": it must be started, completed, stopped, update, paused, empty or absent',
      );
      return;
    }
    const isSeeder = left === undefined ? undefined : left === 0;
    const kind = event === 'paused' || event === 'empty' ? 'update' : event;
    const announce = { infoHash, peerId, event: kind, isSeeder, link, message } as const;
    const outcome = this.#rule.announce(announce, nowMs);
    if (outcome === 'left') this.#replyToStopped(link, infoHash);
    else if ('cause' in outcome) this.#reject(announce, outcome);
    else this.#accept(announce, outcome);
  }

  #replyToStopped(link: Link, infoHash: string): void {
    this.counts.announces++;
    const { swarms, intervalSeconds } = this.#options;
    const swarm = swarms.find(infoHash);
    const reply =
      swarm === undefined ? emptyReply(infoHash, intervalSeconds()) : announceReply(swarm, intervalSeconds());
    link.send(reply, Priority.reply);
  }

  /** The reply first, then the offers for other peers. */
  #accept({ link, message, event }: WebTorrentAnnounce, peer: Peer): void {
    this.counts.announces++;
    const extra = message.wantsRelays ? this.#options.relays() : undefined;
    link.send(announceReply(peer.swarm, this.#options.intervalSeconds(), extra), Priority.reply);
    if (message.offers > 0 && event !== 'completed') this.#forwardOffers(peer, message);
  }

  /** A peer that waits for its id gets a reply as if it were in the swarm, and is asked to announce again soon: its offers were not passed on. */
  #reject({ link, message, infoHash }: WebTorrentAnnounce, refusal: AnnounceRefusal<SwarmRefusal>): void {
    const { cause, reason } = refusal;
    if (cause in this.announcesRefused) this.announcesRefused[cause as SwarmRefusal]++;
    if (cause !== 'peer_id_contested') this.#refuse(link, message, reason);
    else link.send(replyOnce(this.#options.swarms.find(infoHash)!, CONTEST_SECONDS), Priority.reply);
  }

  #forwardOffers(from: Peer, message: Message): void {
    const wanted = Math.min(
      message.offers,
      this.#options.offersMax,
      message.numwant === undefined || message.numwant < 0 ? OFFERS_READ_MAX : message.numwant,
    );
    const chosen = this.#chosen;
    const count = from.swarm.choose(from, wanted, chosen, this.#options.randomInt, ++this.#choices);
    if (count === 0) return;
    const frames = new OfferFrames(message, this.#options.memory);
    for (let index = 0; index < count; index++) {
      const to = chosen[index]!;
      if (!to.link.send(frames.at(index), Priority.offer)) continue;
      noteOffer(from, to);
      this.counts.offersSent++;
    }
  }

  /** An answer is never replied to; one that answers no offer which was forwarded is dropped. It counts as a sign of life of its sender. */
  #answer(link: Link, message: Message, nowMs: number): void {
    if (message.toPeerId === undefined) {
      this.#refuse(
        link,
        message,
        'Cannot read "to_peer_id": it must be a string of 20 characters up to U+00FF',
      );
      return;
    }
    this.counts.answers++;
    const to = this.#options.swarms.find(message.infoHash!)?.find(message.toPeerId);
    const from = to === undefined ? undefined : takeOffer(to, link, message.peerId!);
    if (to === undefined || (from === undefined && this.#options.mayBeAnswered?.(to, nowMs) !== true)) {
      this.counts.answersLost++;
      return;
    }
    if (from?.link === link) this.#options.swarms.touch(from, nowMs);
    if (to.link.send(answerFrame(message, this.#options.memory), Priority.answer)) this.counts.answersSent++;
  }

  #scrape(link: Link, message: Message, nowMs: number): void {
    this.counts.scrapes++;
    const asked = message.scraped ?? (message.infoHashJson.start === 0 ? undefined : [message.infoHash]);
    if (asked === undefined) {
      this.#refuse(link, message, 'Cannot scrape every torrent: name the info_hash of each one');
      return;
    }
    if (asked.length > SCRAPE_HASHES_MAX) {
      this.#refuse(
        link,
        message,
        `Cannot scrape ${asked.length} torrents at once: the most is ${SCRAPE_HASHES_MAX}`,
      );
      return;
    }
    if (asked.length > SCRAPED_PER_TOKEN) link.pay(asked.length / SCRAPED_PER_TOKEN - 1, nowMs);
    const files = new Map<string, ScrapeFile>();
    for (const infoHash of asked) {
      if (infoHash === undefined) {
        this.#refuse(
          link,
          message,
          'Cannot read "info_hash": each must be a string of 20 characters up to U+00FF',
        );
        return;
      }
      const swarm = this.#options.swarms.find(infoHash);
      files.set(infoHash, {
        complete: swarm?.complete ?? 0,
        incomplete: swarm?.incomplete ?? 0,
        downloaded: swarm?.downloaded ?? 0,
      });
    }
    link.send(scrapeReply(files, this.#options.intervalSeconds()), Priority.reply);
  }

  #refuse(link: Link, message: Message, reason: string): void {
    this.counts.refused++;
    link.send(failure(message.action ?? 'announce', message.infoHash, reason), Priority.reply);
  }
}
