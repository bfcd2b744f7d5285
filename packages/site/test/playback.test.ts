// Which ways are left where the torrent, which players share, has ended.
import { jest } from '@jest/globals';
import { EventEmitter } from 'node:events';
import type { Relays } from '../src/relays.ts';

const removed: string[] = [];
let added: () => void = () => undefined;
let torrent: EventEmitter & { destroyed: boolean };
let metadata: () => Promise<unknown>;
const file = {
  name: 'film.webm',
  path: 'film.webm',
  select: () => undefined,
  blob: () => new Promise(() => undefined),
};

jest.unstable_mockModule('../src/stream/streams.ts', () => ({
  startStreams: () => Promise.resolve({}),
  addStream: () => {
    added();
    return '/stream/1';
  },
  removeStream: (url: string) => removed.push(url),
}));
jest.unstable_mockModule('../src/torrent/shared-torrent.ts', () => ({
  joinTorrent: () => Promise.resolve({ torrent, metadata: () => metadata(), leave: () => undefined }),
}));
const { Playback, webSeedAddress } = await import('../src/element/playback.ts');

describe('Playback', () => {
  const own = Object.getOwnPropertyDescriptor(globalThis, 'RTCPeerConnection');
  beforeEach(() => {
    Object.defineProperty(globalThis, 'RTCPeerConnection', { value: () => undefined, configurable: true });
    removed.length = 0;
    added = () => undefined;
    metadata = () => Promise.resolve([file]);
    torrent = Object.assign(new EventEmitter(), { destroyed: false, urlList: [], files: [file] });
  });
  afterEach(() => {
    if (own === undefined) Reflect.deleteProperty(globalThis, 'RTCPeerConnection');
    else Object.defineProperty(globalThis, 'RTCPeerConnection', own);
  });
  const made = (webSeeds: readonly string[] = []): InstanceType<typeof Playback> =>
    new Playback({
      source: 'ab'.repeat(20),
      file: undefined,
      trackers: [],
      webSeeds,
      p2p: 'auto',
      uploadMax: undefined,
      isSparing: false,
      worker: '/sw.js',
      relays: {} as Relays,
      signal: new AbortController().signal,
      broken: () => undefined,
    });

  it('streams a torrent that lives', async () => {
    expect(await made().start()).toMatchObject({ way: 'stream', url: '/stream/1' });
  });

  it('streams none that had ended before it was joined', async () => {
    torrent.destroyed = true;
    await expect(made().start()).rejects.toMatchObject({ code: 'stream-broken' });
  });

  it('says that nothing comes where the torrent ends before anybody knows what is in it', async () => {
    metadata = () => Promise.reject(new Error('The torrent was closed'));
    await expect(made().start()).rejects.toMatchObject({ code: 'stream-broken' });
  });

  it('takes the server where the torrent ends before anybody knows what is in it', async () => {
    metadata = () => Promise.reject(new Error('No space left'));
    const url = 'https://cdn.example/film.webm';
    expect(await made([url]).start()).toMatchObject({ way: 'server', url, name: 'film.webm' });
  });

  it('streams none that ended while its stream began, and keeps no stream of it', async () => {
    added = () => (torrent.destroyed = true);
    await expect(made().start()).rejects.toMatchObject({ code: 'stream-broken' });
    expect(removed).toEqual(['/stream/1']);
  });

  it('has whoever waits for the whole file go on when the torrent ends', async () => {
    const playback = made();
    await playback.start();
    const next = playback.nextWay(new Error('broken'));
    await new Promise(setImmediate); // it has begun to wait
    torrent.emit('close');
    await expect(next).rejects.toMatchObject({ code: 'stream-broken' });
  });

  it('leaves nothing on the torrent that others may go on using', async () => {
    const playback = made();
    await playback.start();
    playback.nextWay(new Error('broken')).catch(() => undefined); // ends, or never does: it is stopped
    await new Promise(setImmediate);
    expect(torrent.eventNames()).not.toEqual([]);
    playback.stop();
    expect(torrent.eventNames()).toEqual([]);
  });
});

describe('webSeedAddress() (BEP 19)', () => {
  const film = { path: 'film 1.webm' };
  const album = [{ path: 'album/one.mp3' }, { path: 'album/ä/two.mp3' }];
  it.each([
    ['a single file', ['https://x/other-name'], [film], film, 'https://x/other-name'],
    ['a single file in a folder', ['https://x/media/'], [film], film, 'https://x/media/film%201.webm'],
    ['one of several', ['https://x/media'], album, album[1]!, 'https://x/media/album/%C3%A4/two.mp3'],
    ['nowhere', [], album, album[0]!, undefined],
  ])('of %s', (_, seeds, files, file_, url) => {
    expect(webSeedAddress(seeds, files, file_)).toBe(url);
  });
});
