// The WebTorrent protocol's rules: a frame in, frames out to this and other connections. No sockets, no clock: both are passed in.
// A fault that the client can recover from is answered, never punished by closing: one socket serves all torrents of a page.
import { Priority, type Link, type Peer } from '../../swarm/peer.ts';
import type { Refusal, SwarmTable } from '../../swarm/swarm-table.ts';
import type { Dice } from '../../swarm/swarm.ts';
import { OFFERS_READ_MAX, SCRAPE_HASHES_MAX, type Message } from './message.ts';
import { MessageReader } from './reader.ts';
import {
  announceReply,
  answerFrame,
  emptyReply,
  failure,
  OfferFrames,
  scrapeReply,
  type Extra,
  type ScrapeFile,
} from './writer.ts';

export interface WebTorrentOptions {
  readonly swarms: SwarmTable;
  readonly intervalSeconds: number;
  /** Offers forwarded for one announce. */
  readonly offersMax: number;
  readonly dice: Dice;
  /** Why this info hash is not served here, or undefined where it is. */
  readonly refuse: (infoHash: string) => string | undefined;
  /** What an announce reply tells a client that asked for other relays. */
  readonly relays: () => Extra;
}

/** What a frame was, so that the connection can count and limit. */
export type Outcome = 'announce' | 'answer' | 'scrape' | 'refused' | 'malformed';

const REFUSALS: Readonly<Record<Refusal, string>> = {
  SWARMS_FULL: 'This tracker serves no further torrents at the moment, try another one',
  CONNECTION_SWARMS_FULL: 'Too many torrents on one connection: stop some, or open another connection',
  PEER_ID_CLAIMED: 'This peer_id is in use on too many connections: choose another one',
};

export class WebTorrent {
  readonly #options: WebTorrentOptions;
  readonly #reader = new MessageReader();
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
  };
  /** Announces that met a limit of the swarms. */
  readonly announcesRefused: Record<Refusal, number> = {
    SWARMS_FULL: 0,
    CONNECTION_SWARMS_FULL: 0,
    PEER_ID_CLAIMED: 0,
  };

  constructor(options: WebTorrentOptions) {
    this.#options = options;
  }

  /** Frames that were not in the usual form and had to be parsed the slow way. */
  get plainReads(): number {
    return this.#reader.plainReads;
  }

  /** Handles one frame. `mayAnnounce` is asked once, and only for an announce; false means that the connection announces too often. */
  handle(link: Link, frame: Buffer, nowMs: number, mayAnnounce: () => boolean): Outcome {
    const message = this.#reader.read(frame);
    if (message === undefined) {
      this.counts.malformed++;
      link.send(
        failure('announce', undefined, 'Cannot read the message: it must be one JSON object'),
        Priority.reply,
      );
      return 'malformed';
    }
    if (message.action === 'scrape') return this.#scrape(link, message);
    if (message.action === undefined) {
      return this.#refuse(link, message, 'Cannot read "action": it must be "announce" or "scrape"');
    }
    if (message.infoHash === undefined)
      return this.#refuse(
        link,
        message,
        'Cannot read "info_hash": it must be a string of 20 characters up to U+00FF',
      );
    if (message.peerId === undefined)
      return this.#refuse(
        link,
        message,
        'Cannot read "peer_id": it must be a string of 20 characters up to U+00FF',
      );
    if (message.answer.start !== 0) return this.#answer(link, message, nowMs);
    if (!mayAnnounce())
      return this.#refuse(link, message, 'Too many announces in a short time: wait for the interval');
    return this.#announce(link, message, message.infoHash, message.peerId, nowMs);
  }

  #announce(link: Link, message: Message, infoHash: string, peerId: string, nowMs: number): Outcome {
    const { swarms, intervalSeconds } = this.#options;
    const { event } = message;
    if (event === 'invalid')
      return this.#refuse(
        link,
        message,
        'Cannot read "event": it must be started, completed, stopped, update, paused, empty or absent',
      );
    const refusal = this.#options.refuse(infoHash);
    if (refusal !== undefined) return this.#refuse(link, message, refusal);
    this.counts.announces++;
    if (event === 'stopped') {
      const leaving = swarms.find(infoHash)?.findOn(link, peerId);
      if (leaving !== undefined) swarms.remove(leaving);
      const swarm = swarms.find(infoHash);
      link.send(
        swarm === undefined ? emptyReply(infoHash, intervalSeconds) : announceReply(swarm, intervalSeconds),
        Priority.reply,
      );
      return 'announce';
    }
    const hasCompleted = event === 'completed';
    const isSeeder = hasCompleted || (message.left === undefined ? undefined : message.left === 0);
    const peer = swarms.announce(link, infoHash, peerId, { isSeeder, hasCompleted }, nowMs);
    if (typeof peer === 'string') {
      this.announcesRefused[peer]++;
      return this.#refuse(link, message, REFUSALS[peer]);
    }
    link.send(
      announceReply(peer.swarm, intervalSeconds, message.wantsRelays ? this.#options.relays() : undefined),
      Priority.reply,
    );
    if (message.offers > 0 && !hasCompleted) this.#forwardOffers(peer, message);
    return 'announce';
  }

  #forwardOffers(from: Peer, message: Message): void {
    const wanted = Math.min(
      message.offers,
      this.#options.offersMax,
      Math.max(0, message.numwant ?? OFFERS_READ_MAX),
    );
    const chosen = this.#chosen;
    const count = from.swarm.choose(from, wanted, chosen, this.#options.dice, ++this.#choices);
    if (count === 0) return;
    const frames = new OfferFrames(message);
    for (let index = 0; index < count; index++) {
      const frame = frames.at(index);
      for (let claim: Peer | undefined = chosen[index]; claim !== undefined; claim = claim.namesake) {
        if (claim.link !== from.link && claim.link.send(frame, Priority.offer)) this.counts.offersSent++;
      }
    }
  }

  /** An answer is never replied to; one whose receiver has left is dropped. It counts as a sign of life of its sender. */
  #answer(link: Link, message: Message, nowMs: number): Outcome {
    if (message.toPeerId === undefined)
      return this.#refuse(
        link,
        message,
        'Cannot read "to_peer_id": it must be a string of 20 characters up to U+00FF',
      );
    const swarm = this.#options.swarms.find(message.infoHash!);
    const from = swarm?.findOn(link, message.peerId!);
    let claim = swarm?.find(message.toPeerId);
    this.counts.answers++;
    if (from === undefined || claim === undefined) {
      this.counts.answersLost++;
      return 'answer';
    }
    this.#options.swarms.touch(from, nowMs);
    const frame = answerFrame(message);
    for (; claim !== undefined; claim = claim.namesake)
      if (claim.link.send(frame, Priority.answer)) this.counts.answersSent++;
    return 'answer';
  }

  #scrape(link: Link, message: Message): Outcome {
    this.counts.scrapes++;
    const asked = message.scraped ?? (message.infoHashJson.start === 0 ? undefined : [message.infoHash]);
    if (asked === undefined)
      return this.#refuse(link, message, 'Cannot scrape every torrent: name the info_hash of each one');
    if (asked.length > SCRAPE_HASHES_MAX)
      return this.#refuse(
        link,
        message,
        `Cannot scrape ${asked.length} torrents at once: the most is ${SCRAPE_HASHES_MAX}`,
      );
    const files = new Map<string, ScrapeFile>();
    for (const infoHash of asked) {
      if (infoHash === undefined)
        return this.#refuse(
          link,
          message,
          'Cannot read "info_hash": each must be a string of 20 characters up to U+00FF',
        );
      const swarm = this.#options.swarms.find(infoHash);
      files.set(infoHash, {
        complete: swarm?.complete ?? 0,
        incomplete: swarm?.incomplete ?? 0,
        downloaded: swarm?.downloaded ?? 0,
      });
    }
    link.send(scrapeReply(files), Priority.reply);
    return 'scrape';
  }

  #refuse(link: Link, message: Message, reason: string): Outcome {
    this.counts.refused++;
    link.send(failure(message.action ?? 'announce', message.infoHash, reason), Priority.reply);
    return 'refused';
  }
}
