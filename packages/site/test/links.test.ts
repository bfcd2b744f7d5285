import { LinkError, readSource, readTracker, writeMagnet } from '../src/links/magnet.ts';
import { PLAY_DEFAULTS, readPageLink, readSeconds, writePageLink } from '../src/links/page-link.ts';

const hash = '0123456789abcdef0123456789abcdef01234567';
const magnet = `magnet:?xt=urn:btih:${hash}&dn=A%20film&tr=wss%3A%2F%2Ft.example&ws=https%3A%2F%2Fcdn.example%2Ff.mp4`;

describe('readSource()', () => {
  it('gives back what writeMagnet() wrote', () => {
    const source = readSource(magnet);
    expect(source.kind === 'magnet' && writeMagnet(source.magnet)).toBe(magnet);
  });

  it.each([
    ['an info hash', hash.toUpperCase()],
    ['an info hash in base 32', 'AERUKZ4JVPG66AJDIVTYTK6N54ASGRLH'],
    ['a magnet in capitals', `MAGNET:?xt=urn:btih:${hash.toUpperCase()}`],
  ])('reads %s', (_, text) => {
    expect(readSource(text)).toMatchObject({ kind: 'magnet', magnet: { infoHash: hash } });
  });

  it('reads the address of a .torrent', () => {
    const url = 'https://example.org/film.torrent';
    expect(readSource(` ${url} `)).toEqual({ kind: 'torrent', url });
  });

  it('leaves out trackers and web seeds that are none', () => {
    const text = `magnet:?xt=urn:btih:${hash}&tr=javascript:alert(1)&ws=data:text/html,x&tr=wss%3A%2F%2Ft.example`;
    expect(readSource(text)).toMatchObject({ magnet: { trackers: ['wss://t.example'], webSeeds: [] } });
  });

  it.each([
    ['nothing', ' ', /paste one/],
    ['a word', 'film', /no magnet link/],
    ['a magnet without a hash', 'magnet:?dn=film', /xt=urn:btih:/],
    ['version 2 only', `magnet:?xt=urn:btmh:1220${'ab'.repeat(32)}`, /version 2/],
    ['a text without end', 'x'.repeat(20_001), /20001 characters/],
  ])('refuses %s', (_, text, words) => {
    expect(() => readSource(text)).toThrow(words);
    expect(() => readSource(text)).toThrow(LinkError);
  });
});

it.each([
  ['tracker.example.org', 'wss://tracker.example.org'],
  ['localhost:8000/', 'ws://localhost:8000'],
  ['wss://t.example/', 'wss://t.example'],
])('readTracker(%j) is %j', (text, url) => {
  expect(readTracker(text)).toBe(url);
});

describe('readPageLink()', () => {
  const read = (path: string) => readPageLink(new URL(path, 'https://relay.example'));

  it.each([
    `/watch#${magnet}`,
    `/watch#${encodeURIComponent(magnet)}`,
    `/watch?magnet=${encodeURIComponent(magnet)}`,
  ])('finds the magnet in %s', (path) => {
    expect(read(path).source).toBe(magnet);
  });

  it('reads trackers as webtorrentseeder.com does, and leaves out what is none', () => {
    expect(read(`/watch?tracker=t.example&tracker=http://x#${hash}`).trackers).toEqual(['wss://t.example']);
  });

  it("reads PeerTube's names", () => {
    const query =
      'start=1m30s&stop=120&autoplay=1&muted=true&loop=0&title=0&p2p=0&controlBar=0&playbackRate=9';
    expect(read(`/embed?${query}#${hash}`).options).toEqual({
      ...PLAY_DEFAULTS,
      ...{ startSeconds: 90, stopSeconds: 120, autoplay: true, muted: true, title: false, p2p: 'off' },
      controls: false,
    });
  });

  it('gives back what writePageLink() wrote', () => {
    const options = { ...PLAY_DEFAULTS, muted: true, startSeconds: 5, file: 'a b' };
    const link = writePageLink('https://relay.example/embed', magnet, options);
    expect(readPageLink(new URL(link))).toEqual({ source: magnet, trackers: [], options });
  });
});

it('writePageLink() keeps a source from leaving its attribute', () => {
  expect(writePageLink('https://relay.example/watch', `${hash}"><script>`)).not.toMatch(/["<>]/);
});

it.each([
  ['90', 90],
  ['1:02:03', 3723],
  ['2m', 120],
  ['', undefined],
  ['soon', undefined],
])('readSeconds(%j) is %j', (text, seconds) => {
  expect(readSeconds(text)).toBe(seconds);
});
