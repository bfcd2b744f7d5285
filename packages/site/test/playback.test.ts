// Which ways are left where the torrent, which players share, has ended.
import { jest } from '@jest/globals';
import { EventEmitter } from 'node:events';
import type { Relays } from '../src/relays.ts';

const removed: string[] = [];
let added: () => void = () => undefined;
let torrent: EventEmitter & { destroyed: boolean };
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
  joinTorrent: () =>
    Promise.resolve({ torrent, metadata: () => Promise.resolve([file]), leave: () => undefined }),
}));
const { Playback } = await import('../src/element/playback.ts');

describe('Playback', () => {
  const own = Object.getOwnPropertyDescriptor(globalThis, 'RTCPeerConnection');
  beforeEach(() => {
    Object.defineProperty(globalThis, 'RTCPeerConnection', { value: () => undefined, configurable: true });
    removed.length = 0;
    added = () => undefined;
    torrent = Object.assign(new EventEmitter(), { destroyed: false, urlList: [], files: [file] });
  });
  afterEach(() => {
    if (own === undefined) Reflect.deleteProperty(globalThis, 'RTCPeerConnection');
    else Object.defineProperty(globalThis, 'RTCPeerConnection', own);
  });
  const made = (): InstanceType<typeof Playback> =>
    new Playback({
      source: 'ab'.repeat(20),
      file: undefined,
      trackers: [],
      webSeeds: [],
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
