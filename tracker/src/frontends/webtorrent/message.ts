// A message from a WebTorrent client, as ranges of the frame that it came in. One Message is used again for every frame: copy what must last.

/** Where a JSON value stands in the frame; `start === 0` means that there is none. */
export interface Range {
  start: number;
  end: number;
}

/** More offers than this in one announce are not looked at; what is forwarded is bounded by TRACKER_OFFERS_MAX besides. */
export const OFFERS_READ_MAX = 128;
/** More info hashes than this in one scrape are refused. */
export const SCRAPE_HASHES_MAX = 128;

export const EVENTS = ['started', 'stopped', 'completed', 'update', 'paused', 'empty'] as const;
export type AnnounceEvent = (typeof EVENTS)[number];

export class Message {
  /** The bytes that all ranges refer to. */
  bytes: Buffer = Buffer.alloc(0);
  /** What `action` says; undefined where it is neither. */
  action: 'announce' | 'scrape' | undefined = undefined;
  /** The 20-character ids; undefined where missing or malformed. */
  infoHash: string | undefined = undefined;
  peerId: string | undefined = undefined;
  toPeerId: string | undefined = undefined;
  /** `invalid` is an unknown event. An absent, empty or null one is an update. */
  event: AnnounceEvent | 'invalid' = 'update';
  /** Bytes left to download; undefined where absent or no number. */
  left: number | undefined = undefined;
  /** Offers wanted, negative for as many as the tracker likes (BEP 15 says -1); undefined where absent or no number. */
  numwant: number | undefined = undefined;
  /** The client asks for other relays in the reply. */
  wantsRelays = false;
  /** Where the info hash as JSON stands, for spelling it back. */
  readonly infoHashJson: Range = { start: 0, end: 0 };
  readonly peerIdJson: Range = { start: 0, end: 0 };
  readonly answer: Range = { start: 0, end: 0 };
  readonly answerOfferId: Range = { start: 0, end: 0 };
  /** Offers that can be forwarded: the JSON of the offer and of its id. */
  offers = 0;
  readonly offerJson: Range[] = Array.from({ length: OFFERS_READ_MAX }, () => ({ start: 0, end: 0 }));
  readonly offerIdJson: Range[] = Array.from({ length: OFFERS_READ_MAX }, () => ({ start: 0, end: 0 }));
  /** The hashes that a scrape lists: undefined where there is no list; of a hash, where it is malformed. */
  scraped: (string | undefined)[] | undefined = undefined;

  reset(bytes: Buffer): void {
    this.bytes = bytes;
    this.action = undefined;
    this.infoHash = this.peerId = this.toPeerId = undefined;
    this.event = 'update';
    this.left = this.numwant = undefined;
    this.wantsRelays = false;
    this.infoHashJson.start = this.peerIdJson.start = this.answer.start = this.answerOfferId.start = 0;
    this.offers = 0;
    this.scraped = undefined;
  }
}
