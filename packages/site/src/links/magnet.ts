// What names a torrent: a magnet, an info hash, the address of a .torrent. Pure: text in, text out. BEP 9 (magnets), BEP 19 (web seeds).

/** A torrent as a viewer names it. */
export type Source =
  | { readonly kind: 'magnet'; readonly magnet: Magnet }
  /** The address of a .torrent file. */
  | { readonly kind: 'torrent'; readonly url: string };

export interface Magnet {
  /** 40 hexadecimal digits in lower case. */
  readonly infoHash: string;
  readonly name: string | undefined;
  readonly trackers: readonly string[];
  /** HTTP addresses that serve the same files. */
  readonly webSeeds: readonly string[];
  /** HTTP addresses of the .torrent itself. */
  readonly torrentUrls: readonly string[];
}

/** A magnet that names a torrent and nothing more. */
export const bareMagnet = (infoHash: string): Magnet => ({
  infoHash,
  name: undefined,
  trackers: [],
  webSeeds: [],
  torrentUrls: [],
});

/** The message is for whoever typed the link. */
export class LinkError extends Error {
  override readonly name = 'LinkError';
}

const SOURCE_CHARS_MAX = 20_000;
const LIST_MAX = 50;
const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';

/** @throws LinkError where the text names no torrent */
export function readSource(text: string): Source {
  const source = text.trim();
  if (source === '') throw new LinkError('There is no magnet link here yet: paste one, or an info hash');
  if (source.length > SOURCE_CHARS_MAX)
    throw new LinkError(`This link has ${source.length} characters; the most is ${SOURCE_CHARS_MAX}`);
  if (/^magnet:/i.test(source)) return { kind: 'magnet', magnet: readMagnet(source) };
  const infoHash = readInfoHash(source);
  if (infoHash !== undefined) return { kind: 'magnet', magnet: bareMagnet(infoHash) };
  if (/^https?:\/\//i.test(source) && URL.canParse(source)) return { kind: 'torrent', url: source };
  throw new LinkError(
    `"${shorten(source)}" is no magnet link (magnet:?xt=urn:btih:…), no info hash (40 hexadecimal digits) and no address of a .torrent file`,
  );
}

function readMagnet(uri: string): Magnet {
  const fields = new URLSearchParams(uri.slice(uri.indexOf(':') + 1).replace(/^\?/, ''));
  const topics = fields.getAll('xt');
  const infoHash = topics
    .map((topic) => /^urn:btih:(.+)$/i.exec(topic)?.[1])
    .map((hash) => (hash === undefined ? undefined : readInfoHash(hash)))
    .find((hash) => hash !== undefined);
  if (infoHash === undefined) {
    const isSecond = topics.some((topic) => /^urn:btmh:/i.test(topic));
    throw new LinkError(
      isSecond
        ? 'This magnet has an info hash of BitTorrent version 2 only, which browsers cannot play: make the torrent as version 1 or hybrid'
        : 'This magnet has no info hash: it must contain xt=urn:btih: and 40 hexadecimal digits',
    );
  }
  const urls = (name: string, protocols: RegExp): string[] =>
    [...new Set(fields.getAll(name).filter((url) => protocols.test(url) && URL.canParse(url)))].slice(
      0,
      LIST_MAX,
    );
  return {
    infoHash,
    name: fields.get('dn') ?? undefined,
    trackers: urls('tr', /^(wss?|https?|udp):/i),
    webSeeds: urls('ws', /^https?:/i),
    torrentUrls: urls('xs', /^https?:/i),
  };
}

export function writeMagnet({ infoHash, name, trackers, webSeeds, torrentUrls }: Magnet): string {
  const field = (key: string) => (value: string) => `&${key}=${encodeURIComponent(value)}`;
  return [
    `magnet:?xt=urn:btih:${infoHash}`,
    ...(name === undefined ? [] : [field('dn')(name)]),
    ...trackers.map(field('tr')),
    ...webSeeds.map(field('ws')),
    ...torrentUrls.map(field('xs')),
  ].join('');
}

/** 40 hexadecimal digits, or the same 20 bytes as 32 letters of base 32. */
function readInfoHash(text: string): string | undefined {
  const hash = text.toLowerCase();
  if (/^[0-9a-f]{40}$/.test(hash)) return hash;
  if (!/^[a-z2-7]{32}$/.test(hash)) return undefined;
  const bits = Array.from(hash, (char) => BASE32.indexOf(char).toString(2).padStart(5, '0')).join('');
  return bits.replace(/.{4}/g, (nibble) => Number.parseInt(nibble, 2).toString(16));
}

/**
 * A tracker as people write it: a bare host gets wss:// (ws:// on this machine), as webtorrentseeder.com does; a slash at the end goes.
 * @throws LinkError
 */
export function readTracker(text: string): string {
  const trimmed = text.trim().replace(/\/+$/, '');
  const isHere = /^(localhost|127\.|\[::1\]|[^/]+\.localhost)/.test(trimmed);
  const url = trimmed.includes('//') ? trimmed : `${isHere ? 'ws' : 'wss'}://${trimmed}`;
  if (!URL.canParse(url) || !/^wss?:$/.test(new URL(url).protocol))
    throw new LinkError(
      `"${shorten(text)}" is no tracker for browsers: it must be a host or a wss:// address, for example wss://tracker.example.org`,
    );
  return url;
}

const shorten = (text: string): string => (text.length > 80 ? `${text.slice(0, 80)}…` : text);
