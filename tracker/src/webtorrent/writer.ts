// What the tracker says to WebTorrent clients, as finished frames. Every message has `action` and, where there is one, `info_hash`:
// bittorrent-tracker's client takes a message without a known action for a broken socket.
import { headerBytes, textFrame, writeTextHeader } from '../frames.ts';
import type { Swarm } from '../swarm/swarm.ts';
import type { Message, Range } from './message.ts';

const OFFER_ID = Buffer.from(',"offer_id":');
const OFFER = Buffer.from(',"offer":');
const ANSWER = Buffer.from(',"answer":');
const PEER_ID = Buffer.from(',"peer_id":');
const HEAD = Buffer.from('{"action":"announce","info_hash":');
const END = Buffer.from('}');

/** Extra members for one reply, as JSON without braces (`"relays":[…]`). */
export type Extra = string | undefined;

/** The reply to an announce; the same bytes for everybody as long as the swarm's counts stay the same. */
export function announceReply(swarm: Swarm, intervalSeconds: number, extra?: Extra): Buffer {
  if (extra !== undefined)
    return buildReply(swarm.infoHash, swarm.complete, swarm.incomplete, intervalSeconds, extra);
  return (swarm.replyFrame ??= buildReply(swarm.infoHash, swarm.complete, swarm.incomplete, intervalSeconds));
}

/** The reply where no swarm is left: after the last peer's `stopped`. */
export function emptyReply(infoHash: string, intervalSeconds: number): Buffer {
  return buildReply(infoHash, 0, 0, intervalSeconds);
}

function buildReply(
  infoHash: string,
  complete: number,
  incomplete: number,
  intervalSeconds: number,
  extra?: Extra,
): Buffer {
  const more = extra === undefined ? '' : `,${extra}`;
  return textFrame(
    `{"complete":${complete},"incomplete":${incomplete},"action":"announce","interval":${intervalSeconds},"info_hash":${JSON.stringify(infoHash)}${more}}`,
  );
}

/** `info_hash` is left out where the message had none that could be read. */
export function failure(action: 'announce' | 'scrape', infoHash: string | undefined, reason: string): Buffer {
  return textFrame(
    JSON.stringify({
      action,
      ...(infoHash === undefined ? {} : { info_hash: infoHash }),
      'failure reason': reason,
    }),
  );
}

export interface ScrapeFile {
  readonly complete: number;
  readonly incomplete: number;
  readonly downloaded: number;
}

export function scrapeReply(files: ReadonlyMap<string, ScrapeFile>): Buffer {
  const members = [...files].map(([infoHash, file]) => `${JSON.stringify(infoHash)}:${JSON.stringify(file)}`);
  return textFrame(`{"action":"scrape","files":{${members.join(',')}}}`);
}

/** One frame for each of the message's first `count` offers; all frames share one piece of memory. */
export class OfferFrames {
  #bytes: Buffer = Buffer.alloc(0);
  readonly #message: Message;
  readonly #prefixBytes: number;
  #at = 0;

  constructor(message: Message, count: number) {
    this.#message = message;
    this.#prefixBytes =
      HEAD.length + lengthOf(message.infoHashJson) + PEER_ID.length + lengthOf(message.peerIdJson);
    let total = 0;
    for (let index = 0; index < count; index++) {
      const payload = this.#payloadBytes(index);
      total += headerBytes(payload) + payload;
    }
    this.#bytes = Buffer.allocUnsafe(total);
  }

  /** The frame of the offer at this index; each is to be asked for once. */
  next(index: number): Buffer {
    const { bytes, infoHashJson, peerIdJson } = this.#message;
    const target = this.#bytes;
    const start = this.#at;
    let at = writeTextHeader(target, start, this.#payloadBytes(index));
    at += HEAD.copy(target, at);
    at += bytes.copy(target, at, infoHashJson.start, infoHashJson.end);
    at += PEER_ID.copy(target, at);
    at += bytes.copy(target, at, peerIdJson.start, peerIdJson.end);
    at += OFFER_ID.copy(target, at);
    at += copyRange(bytes, target, at, this.#message.offerIdJson[index]!);
    at += OFFER.copy(target, at);
    at += copyRange(bytes, target, at, this.#message.offerJson[index]!);
    at += END.copy(target, at);
    this.#at = at;
    return target.subarray(start, at);
  }

  #payloadBytes(index: number): number {
    const { offerJson, offerIdJson } = this.#message;
    return (
      this.#prefixBytes +
      OFFER_ID.length +
      lengthOf(offerIdJson[index]!) +
      OFFER.length +
      lengthOf(offerJson[index]!) +
      END.length
    );
  }
}

/** The answer in `message`, for the peer that made the offer. */
export function answerFrame(message: Message): Buffer {
  const { bytes, infoHashJson, peerIdJson, answerOfferId, answer } = message;
  const hasOfferId = answerOfferId.start !== 0;
  const payload =
    HEAD.length +
    lengthOf(infoHashJson) +
    PEER_ID.length +
    lengthOf(peerIdJson) +
    (hasOfferId ? OFFER_ID.length + lengthOf(answerOfferId) : 0) +
    ANSWER.length +
    lengthOf(answer) +
    END.length;
  const target = Buffer.allocUnsafe(headerBytes(payload) + payload);
  let at = writeTextHeader(target, 0, payload);
  at += HEAD.copy(target, at);
  at += copyRange(bytes, target, at, infoHashJson);
  at += PEER_ID.copy(target, at);
  at += copyRange(bytes, target, at, peerIdJson);
  if (hasOfferId) {
    at += OFFER_ID.copy(target, at);
    at += copyRange(bytes, target, at, answerOfferId);
  }
  at += ANSWER.copy(target, at);
  at += copyRange(bytes, target, at, answer);
  END.copy(target, at);
  return target;
}

const lengthOf = (range: Range): number => range.end - range.start;
const copyRange = (from: Buffer, target: Buffer, at: number, range: Range): number =>
  from.copy(target, at, range.start, range.end);
