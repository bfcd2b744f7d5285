// Reads the queries of GET /announce and GET /scrape (BEP 3, 23, 48). Pure. Ids come as percent-encoded raw bytes, which are
// no UTF-8, so the platform's own decoders would destroy them.
import { IP_SCRAPE_HASHES_MAX, type IpAnnounceRequest, type IpFailure } from '../ip-announce.ts';
import { ID_CHARS } from '../webtorrent/ids.ts';

export interface HttpAnnounce extends IpAnnounceRequest {
  /** BEP 23: what is not asked for otherwise is compact. */
  readonly isCompact: boolean;
  readonly wantsPeerIds: boolean;
}

/** What comes behind so many is not looked at: a URL has room for thousands of empty ones. */
const FIELDS_MAX = 2 * IP_SCRAPE_HASHES_MAX;

/** Some clients say that they are paused (BEP 21); what is neither a beginning nor an end is an update. */
const EVENTS = new Map<string, IpAnnounceRequest['event']>([
  ['', 'update'],
  ['empty', 'update'],
  ['update', 'update'],
  ['paused', 'update'],
  ['started', 'started'],
  ['completed', 'completed'],
  ['stopped', 'stopped'],
]);

export function readAnnounceQuery(query: string, address: string): HttpAnnounce | IpFailure {
  const fields = readFields(query);
  const text = (name: string): string => fields.get(name)?.[0] ?? '';
  const infoHash = text('info_hash');
  if (infoHash.length !== ID_CHARS) return { failure: 'Cannot read "info_hash": it must be 20 bytes' };
  const peerId = text('peer_id');
  if (peerId.length !== ID_CHARS) return { failure: 'Cannot read "peer_id": it must be 20 bytes' };
  const port = readNumber(text('port'));
  if (port === undefined || port < 1 || port > 65_535)
    return { failure: 'Cannot read "port": it must be a whole number from 1 to 65535' };
  const event = EVENTS.get(text('event'));
  if (event === undefined)
    return { failure: 'Cannot read "event": it must be started, completed, stopped, paused or empty' };
  const left = readNumber(text('left'));
  return {
    infoHash,
    peerId,
    address,
    port,
    event,
    isSeeder: left === undefined ? undefined : left === 0,
    numwant: readNumber(text('numwant')),
    wantsBothFamilies: true,
    isCompact: text('compact') !== '0',
    wantsPeerIds: text('no_peer_id') !== '1',
  };
}

export function readScrapeQuery(query: string): readonly string[] | IpFailure {
  const infoHashes = readFields(query).get('info_hash');
  if (infoHashes === undefined)
    return { failure: 'Cannot scrape every torrent: name the info_hash of each one' };
  if (infoHashes.length > IP_SCRAPE_HASHES_MAX)
    return { failure: `Cannot scrape more than ${IP_SCRAPE_HASHES_MAX} torrents at once` };
  if (infoHashes.some(({ length }) => length !== ID_CHARS))
    return { failure: 'Cannot read "info_hash": each must be 20 bytes' };
  return infoHashes;
}

/** The names that are looked at. */
const NAMES = new Set(['info_hash', 'peer_id', 'port', 'event', 'left', 'numwant', 'compact', 'no_peer_id']);

/** Name → its values, each a string of one character U+0000–U+00FF per byte. */
function readFields(query: string): Map<string, string[]> {
  const fields = new Map<string, string[]>();
  for (let start = 0, count = 0; start <= query.length && count < FIELDS_MAX; count++) {
    const next = query.indexOf('&', start);
    const end = next < 0 ? query.length : next;
    const equals = query.indexOf('=', start);
    const nameEnd = equals < 0 || equals > end ? end : equals;
    const name = query.slice(start, nameEnd);
    if (NAMES.has(name)) {
      const value = decode(query, nameEnd + 1, end);
      const known = fields.get(name);
      if (known === undefined) fields.set(name, [value]);
      else known.push(value);
    }
    start = end + 1;
  }
  return fields;
}

const PERCENT = 0x25;
const PLUS = 0x2b;
const SPACE = 0x20;
/** As large as a request may be; a longer text gets a larger one. */
let decoded = Buffer.allocUnsafeSlow(8_192);

/**
 * As HTML forms do it, byte by byte; a percent sign without two hexadecimal digits stands for itself. In memory of its own: a part of a URL
 * would keep the whole URL as long as it is remembered.
 */
function decode(text: string, start: number, end: number): string {
  if (end - start > decoded.length) decoded = Buffer.allocUnsafeSlow(end - start);
  let length = 0;
  for (let at = start; at < end; at++) {
    let code = text.charCodeAt(at);
    if (code === PLUS) code = SPACE;
    else if (code === PERCENT && at + 2 < end) {
      const byte = 16 * hexDigit(text.charCodeAt(at + 1)) + hexDigit(text.charCodeAt(at + 2));
      if (byte >= 0) {
        code = byte;
        at += 2;
      }
    }
    decoded[length++] = code;
  }
  return decoded.toString('latin1', 0, length);
}

/** So far below zero where it is none that the other digit cannot make up for it. */
function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const small = code | 0x20;
  return small >= 0x61 && small <= 0x66 ? small - 0x61 + 10 : -1_000;
}

/** A whole number that is not negative; a longer one than fits is only known to be large. */
function readNumber(text: string): number | undefined {
  return /^\d{1,20}$/.test(text) ? Number(text) : undefined;
}
