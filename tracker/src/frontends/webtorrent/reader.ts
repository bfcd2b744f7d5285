// Reads a client's frame. The fast way finds offers, ids and answer in the bytes as they came. Anything unusual (escaped or repeated
// keys) goes the plain way: JSON.parse, the known fields written anew, and then the same fast way. So both ways mean the same.
import { canonicalForm, FIELDS, ITEM_FIELDS } from './canonical-form.ts';
import { decodeId } from './ids.ts';
import {
  CLOSE_ARRAY,
  CLOSE_OBJECT,
  COLON,
  COMMA,
  JsonScanner,
  OPEN_ARRAY,
  OPEN_OBJECT,
  QUOTE,
} from './json-scanner.ts';
import { EVENTS, Message, OFFERS_READ_MAX, SCRAPE_HASHES_MAX, type Range } from './message.ts';

const keyBytes = (names: readonly string[]): readonly Buffer[] => names.map((name) => Buffer.from(name));
const FIELD_KEYS = keyBytes(FIELDS);
const ITEM_KEYS = keyBytes(ITEM_FIELDS);
const TRUE = Buffer.from('true');
const NULL_BYTE = 0x6e; // n
const DIGIT_9 = 0x39;

/** Not to be read the fast way: no JSON, or unusual. */
const UNUSUAL = -1;

/** Reads frames into one Message, which the next frame overwrites. */
export class MessageReader {
  readonly message = new Message();
  readonly #scan = new JsonScanner();
  /** Frames that took the plain way. */
  plainReads = 0;

  /** Undefined where the frame is no JSON object. `beforePlainRead` is told before the slow way is taken, so that it can be paid for. */
  read(frame: Buffer, beforePlainRead: (bytes: number) => void = () => undefined): Message | undefined {
    if (this.#readObject(frame) >= 0) return this.message;
    beforePlainRead(frame.length);
    return this.readPlainly(frame);
  }

  /** The plain way alone: what `read` must agree with. */
  readPlainly(frame: Buffer): Message | undefined {
    this.plainReads++;
    const canonical = canonicalForm(frame);
    return canonical !== undefined && this.#readObject(canonical) >= 0 ? this.message : undefined;
  }

  #readObject(bytes: Buffer): number {
    const scan = this.#scan;
    this.message.reset(bytes);
    scan.reset(bytes);
    let at = scan.space(0);
    if (bytes[at] !== OPEN_OBJECT) return UNUSUAL;
    at = this.#members(at, FIELD_KEYS, this.#field);
    return at < 0 || scan.space(at) === bytes.length ? at : UNUSUAL;
  }

  /** Walks through an object, calling `field` for each known key; a repeated or escaped key is unusual. */
  #members(
    at: number,
    keys: readonly Buffer[],
    field: (this: this, key: number, start: number, end: number) => number,
  ): number {
    const scan = this.#scan;
    const { bytes } = scan;
    let seen = 0;
    at = scan.space(at + 1);
    if (bytes[at] === CLOSE_OBJECT) return at + 1;
    for (;;) {
      if (bytes[at] !== QUOTE) return UNUSUAL;
      const keyStart = at + 1;
      if ((at = scan.string(at)) < 0) return UNUSUAL;
      if (scan.hasEscape) return UNUSUAL;
      const key = this.#findKey(keys, keyStart, at - 1);
      at = scan.space(at);
      if (bytes[at] !== COLON) return UNUSUAL;
      const start = scan.space(at + 1);
      if (key < 0) at = scan.value(start, 1);
      else {
        if (seen & (1 << key)) return UNUSUAL;
        seen |= 1 << key;
        at = field.call(this, key, start, 0);
      }
      if (at < 0) return at;
      at = scan.space(at);
      if (bytes[at] === CLOSE_OBJECT) return at + 1;
      if (bytes[at] !== COMMA) return UNUSUAL;
      at = scan.space(at + 1);
    }
  }

  #findKey(keys: readonly Buffer[], start: number, end: number): number {
    for (let index = 0; index < keys.length; index++) {
      const key = keys[index]!;
      if (key.length === end - start && this.#scan.startsWith(start, key)) return index;
    }
    return -1;
  }

  /** One known field of the message: notes it and returns the position behind it. */
  #field(key: number, start: number): number {
    const scan = this.#scan;
    const { message } = this;
    const name = FIELDS[key]!;
    if (name === 'offers' && scan.bytes[start] === OPEN_ARRAY) return this.#offers(start);
    const end = scan.value(start, 1);
    if (end < 0) return end;
    const isString = scan.bytes[start] === QUOTE;
    switch (name) {
      case 'action':
        if (isString && scan.hasEscape) return UNUSUAL;
        message.action = isString ? actionOf(scan.bytes.toString('latin1', start + 1, end - 1)) : undefined;
        break;
      case 'info_hash':
        mark(message.infoHashJson, start, end);
        if (isString) message.infoHash = decodeId(scan.bytes, start + 1, end - 1);
        else if (scan.bytes[start] === OPEN_ARRAY) this.#scrapedHashes(start);
        break;
      case 'peer_id':
        mark(message.peerIdJson, start, end);
        message.peerId = isString ? decodeId(scan.bytes, start + 1, end - 1) : undefined;
        break;
      case 'to_peer_id':
        message.toPeerId = isString ? decodeId(scan.bytes, start + 1, end - 1) : undefined;
        break;
      case 'event':
        if (isString && scan.hasEscape) return UNUSUAL;
        message.event = isString
          ? eventOf(scan.bytes.toString('latin1', start + 1, end - 1))
          : scan.bytes[start] === NULL_BYTE
            ? 'update'
            : 'invalid';
        break;
      case 'left':
        message.left = this.#number(start, end);
        break;
      case 'numwant':
        message.numwant = this.#number(start, end);
        break;
      case 'offer_id':
        if (isOfferId(scan.bytes[start]!)) mark(message.answerOfferId, start, end);
        break;
      case 'answer':
        if (scan.bytes[start] !== NULL_BYTE) mark(message.answer, start, end);
        break;
      case 'relays':
        message.wantsRelays = scan.startsWith(start, TRUE);
        break;
      case 'offers': // not an array: no offers
        break;
    }
    return end;
  }

  #number(start: number, end: number): number | undefined {
    const first = this.#scan.bytes[start]!;
    if (first > DIGIT_9 || first === QUOTE) return undefined;
    const value = Number(this.#scan.bytes.toString('latin1', start, end));
    return Number.isFinite(value) ? value : undefined;
  }

  #offers(at: number): number {
    const scan = this.#scan;
    const { bytes } = scan;
    at = scan.space(at + 1);
    if (bytes[at] === CLOSE_ARRAY) return at + 1;
    for (;;) {
      at = bytes[at] === OPEN_OBJECT ? this.#offer(at) : scan.value(at, 2);
      if (at < 0) return at;
      at = scan.space(at);
      if (bytes[at] === CLOSE_ARRAY) return at + 1;
      if (bytes[at] !== COMMA) return UNUSUAL;
      at = scan.space(at + 1);
    }
  }

  readonly #itemOffer: Range = { start: 0, end: 0 };
  readonly #itemOfferId: Range = { start: 0, end: 0 };

  /** One item of `offers`; only its two known values are taken, and only where both are there. */
  #offer(at: number): number {
    const { message } = this;
    this.#itemOffer.start = this.#itemOfferId.start = 0;
    at = this.#members(at, ITEM_KEYS, this.#offerField);
    if (
      at > 0 &&
      this.#itemOffer.start !== 0 &&
      this.#itemOfferId.start !== 0 &&
      message.offers < OFFERS_READ_MAX
    ) {
      mark(message.offerJson[message.offers]!, this.#itemOffer.start, this.#itemOffer.end);
      mark(message.offerIdJson[message.offers]!, this.#itemOfferId.start, this.#itemOfferId.end);
      message.offers++;
    }
    return at;
  }

  #offerField(key: number, start: number): number {
    const scan = this.#scan;
    const end = scan.value(start, 3);
    if (end < 0) return end;
    if (ITEM_FIELDS[key] === 'offer') {
      if (scan.bytes[start] !== NULL_BYTE) mark(this.#itemOffer, start, end);
    } else if (isOfferId(scan.bytes[start]!)) mark(this.#itemOfferId, start, end);
    return end;
  }

  /** The array is known to be well-formed. */
  #scrapedHashes(at: number): void {
    const scan = this.#scan;
    const { bytes } = scan;
    const scraped: NonNullable<Message['scraped']> = [];
    at = scan.space(at + 1);
    while (bytes[at] !== CLOSE_ARRAY && scraped.length <= SCRAPE_HASHES_MAX) {
      const end = scan.value(at, 2);
      scraped.push(bytes[at] === QUOTE ? decodeId(bytes, at + 1, end - 1) : undefined);
      at = scan.space(end);
      if (bytes[at] === COMMA) at = scan.space(at + 1);
    }
    this.message.scraped = scraped;
  }
}

function mark(range: Range, start: number, end: number): void {
  range.start = start;
  range.end = end;
}

/** By its first byte: a string, or a number. */
const isOfferId = (byte: number): boolean =>
  byte === QUOTE || byte === 0x2d || (byte >= 0x30 && byte <= DIGIT_9);

function actionOf(text: string): Message['action'] {
  return text === 'announce' || text === 'scrape' ? text : undefined;
}

function eventOf(text: string): Message['event'] {
  return text === '' ? 'update' : (EVENTS.find((event) => event === text) ?? 'invalid');
}
