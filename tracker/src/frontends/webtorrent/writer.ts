// What the tracker says to WebTorrent clients, as finished frames. Every message has `action` and, where there is one, `info_hash`:
// bittorrent-tracker's client takes a message without a known action for a broken socket.
import type { FrameMemory } from '../../frames/frame-memory.ts';
import { headerBytes, textFrame, writeTextHeader } from '@relay-swarm/net/ws-frame';
import { put } from '../../frames/frame.ts';
import type { PeerSwarm } from '../../swarm/peer.ts';
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
export function announceReply(swarm: PeerSwarm, intervalSeconds: number, extra?: Extra): Buffer {
  if (extra !== undefined)
    return buildReply(swarm.infoHash, swarm.complete, swarm.incomplete, intervalSeconds, extra);
  if (swarm.replyFrame === undefined || swarm.replyIntervalSeconds !== intervalSeconds) {
    swarm.replyIntervalSeconds = intervalSeconds;
    swarm.replyFrame = buildReply(swarm.infoHash, swarm.complete, swarm.incomplete, intervalSeconds);
  }
  return swarm.replyFrame;
}

/** A reply with an interval of its own. */
export function replyOnce(swarm: PeerSwarm, intervalSeconds: number): Buffer {
  return buildReply(swarm.infoHash, swarm.complete, swarm.incomplete, intervalSeconds);
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

/** `flags` as BEP 48 has them: clients that look for it ask no sooner again. */
export function scrapeReply(files: ReadonlyMap<string, ScrapeFile>, intervalSeconds: number): Buffer {
  const members = [...files].map(([infoHash, file]) => `${JSON.stringify(infoHash)}:${JSON.stringify(file)}`);
  return textFrame(
    `{"action":"scrape","files":{${members.join(',')}},"flags":{"min_request_interval":${intervalSeconds}}}`,
  );
}

/** One frame for each of the message's offers; what they have in common is built once. */
export class OfferFrames {
  readonly #message: Message;
  readonly #prefix: Buffer;
  readonly #memory: FrameMemory;

  constructor(message: Message, memory: FrameMemory) {
    const { bytes, infoHashJson, peerIdJson } = message;
    const prefix = Buffer.allocUnsafe(
      HEAD.length + lengthOf(infoHashJson) + PEER_ID.length + lengthOf(peerIdJson) + OFFER_ID.length,
    );
    let at = put(prefix, 0, HEAD);
    at = put(prefix, at, bytes, infoHashJson.start, infoHashJson.end);
    at = put(prefix, at, PEER_ID);
    at = put(prefix, at, bytes, peerIdJson.start, peerIdJson.end);
    put(prefix, at, OFFER_ID);
    this.#message = message;
    this.#memory = memory;
    this.#prefix = prefix;
  }

  /** The frame of the offer at this index, in this turn's memory. */
  at(index: number): Buffer {
    const { bytes, offerIdJson, offerJson } = this.#message;
    const offerId = offerIdJson[index]!;
    const offer = offerJson[index]!;
    const payloadBytes =
      this.#prefix.length + lengthOf(offerId) + OFFER.length + lengthOf(offer) + END.length;
    const frame = this.#memory.allocate(headerBytes(payloadBytes) + payloadBytes);
    let at = writeTextHeader(frame, 0, payloadBytes);
    at = put(frame, at, this.#prefix);
    at = put(frame, at, bytes, offerId.start, offerId.end);
    at = put(frame, at, OFFER);
    at = put(frame, at, bytes, offer.start, offer.end);
    put(frame, at, END);
    return frame;
  }
}

/** The answer in `message`, for the peer that made the offer, in this turn's memory. */
export function answerFrame(message: Message, memory: FrameMemory): Buffer {
  const { bytes, infoHashJson, peerIdJson, answerOfferId, answer } = message;
  const hasOfferId = answerOfferId.start !== 0;
  const offerIdBytes = hasOfferId ? OFFER_ID.length + lengthOf(answerOfferId) : 0;
  const payloadBytes =
    HEAD.length +
    lengthOf(infoHashJson) +
    PEER_ID.length +
    lengthOf(peerIdJson) +
    offerIdBytes +
    ANSWER.length +
    lengthOf(answer) +
    END.length;
  const frame = memory.allocate(headerBytes(payloadBytes) + payloadBytes);
  let at = writeTextHeader(frame, 0, payloadBytes);
  at = put(frame, at, HEAD);
  at = put(frame, at, bytes, infoHashJson.start, infoHashJson.end);
  at = put(frame, at, PEER_ID);
  at = put(frame, at, bytes, peerIdJson.start, peerIdJson.end);
  if (hasOfferId) {
    at = put(frame, at, OFFER_ID);
    at = put(frame, at, bytes, answerOfferId.start, answerOfferId.end);
  }
  at = put(frame, at, ANSWER);
  at = put(frame, at, bytes, answer.start, answer.end);
  put(frame, at, END);
  return frame;
}

const lengthOf = (range: Range): number => range.end - range.start;
