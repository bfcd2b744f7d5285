// A torrent that players of one page share: who gets which, and what they hear of its end.
import { jest } from '@jest/globals';
import { EventEmitter } from 'node:events';
import { bareMagnet } from '../src/links/magnet.ts';
import type { Relays } from '../src/relays.ts';

/** As WebTorrent's bundle has it: an emitter without `off()`, which leaves its client before it says that it has ended. */
class FakeTorrent extends EventEmitter {
  override off = undefined as never;
  ready = false;
  destroyed = false;
  files: readonly { readonly name: string }[] = [];
  metadata: unknown;
  discovery: { tracker: { _trackers: { announceUrl: string }[] } | null } = { tracker: null };
  urlList: string[];
  readonly seedsAdded: string[] = [];
  constructor(urlList: string[]) {
    super();
    this.urlList = urlList;
  }
  addWebSeed(url: string): void {
    this.seedsAdded.push(url);
  }
  end(error?: Error): void {
    if (this.destroyed) return;
    this.destroyed = true;
    if (error !== undefined) this.emit('error', error);
    this.emit('close');
    this.files = [];
  }
  destroy(): void {
    this.end();
  }
}
const added: FakeTorrent[] = [];
let isClientHere = true;
jest.unstable_mockModule('../src/torrent/client.ts', () => ({
  getClient: () =>
    isClientHere
      ? Promise.resolve({
          add: (_source: unknown, { urlList }: { urlList: string[] }) => {
            const torrent = new FakeTorrent(urlList);
            added.push(torrent);
            return torrent;
          },
        })
      : Promise.reject(new TypeError('Failed to fetch dynamically imported module')),
}));
const released: string[] = [];
jest.unstable_mockModule('../src/torrent/piece-store.ts', () => ({
  pieceStoreFor: (infoHash: string) =>
    Promise.resolve({ Store: Map, release: () => released.push(infoHash) }),
}));
const { joinTorrent } = await import('../src/torrent/shared-torrent.ts');

type FailedOver = NonNullable<Parameters<Relays['keep']>[1]>;
/** Of one roster: what was kept by it, and how that is told that a relay has failed. */
class FakeRelays implements Relays {
  readonly kept: { readonly torrent: unknown; readonly failedOver: FailedOver }[] = [];
  announceUrls = () => Promise.resolve([]);
  iceServers = () => Promise.resolve([]);
  keep: Relays['keep'] = (torrent, failedOver = () => undefined) => {
    this.kept.push({ torrent, failedOver });
    return Promise.resolve();
  };
}
const relays = new FakeRelays();
const infoHash = 'ab'.repeat(20);
const options = { magnet: bareMagnet(infoHash), trackers: [], p2p: 'auto', uploadMax: undefined } as const;
const join = (...webSeeds: string[]) =>
  joinTorrent({ ...options, magnet: { ...options.magnet, webSeeds } }, relays);
const file = { name: 'film.webm' };
const never = new AbortController().signal;

const joined: { leave(): void }[] = [];
beforeEach(() => {
  isClientHere = true;
  for (const one of joined.splice(0)) one.leave();
  for (const torrent of added.splice(0)) torrent.end();
  released.length = 0;
});
const joinAndLeave = async (...webSeeds: string[]) => {
  const shared = await join(...webSeeds);
  joined.push(shared);
  return shared;
};

describe('joinTorrent()', () => {
  it('gives players of one torrent the same, and ends it with the last of them', async () => {
    const [first, second] = [await join(), await join()];
    expect(second.torrent).toBe(first.torrent);
    first.leave();
    first.leave(); // counts once
    expect(added.map(({ destroyed }) => destroyed)).toEqual([false]);
    second.leave();
    await new Promise(setImmediate);
    expect(added.map(({ destroyed }) => destroyed)).toEqual([true]);
  });

  it.each([
    ['failed', new Error('No space left')],
    ['was closed', undefined],
  ])('gives no torrent that %s to whoever comes while another player still has it', async (_, error) => {
    await joinAndLeave();
    added[0]!.end(error);
    const again = await joinAndLeave();
    expect(again.torrent).toBe(added[1]);
    expect(again.torrent.destroyed).toBe(false);
  });

  it('leaves the new torrent alone when a player of the ended one leaves', async () => {
    const first = await join();
    added[0]!.end();
    const again = await joinAndLeave();
    first.leave();
    await new Promise(setImmediate);
    expect(again.torrent.destroyed).toBe(false);
    expect((await joinAndLeave()).torrent).toBe(again.torrent);
  });

  it('tries once more after the client could not be loaded, also for whoever comes in between', async () => {
    isClientHere = false;
    const failed = join();
    await expect(failed).rejects.toThrow('Failed to fetch');
    isClientHere = true;
    expect((await joinAndLeave()).torrent).toBe(added[0]);
  });

  it('takes the web seeds of whoever comes later, before and after the files are known', async () => {
    const [one, two, three] = ['https://a.example/f', 'https://b.example/f', 'https://c.example/f'];
    const first = await joinAndLeave(one);
    await joinAndLeave(one, two); // WebTorrent itself goes through the list once it knows the files
    expect([first.torrent.urlList, added[0]!.seedsAdded]).toEqual([[one, two], []]);
    added[0]!.metadata = new Uint8Array(1);
    await joinAndLeave(two, three);
    expect([first.torrent.urlList, added[0]!.seedsAdded]).toEqual([[one, two, three], [three]]);
  });

  it('is kept by the roster of whoever comes later, too, once', async () => {
    const [own, others, unused] = [new FakeRelays(), new FakeRelays(), new FakeRelays()];
    const joinBy = async (roster: Relays, more: object = {}) =>
      joined.push(await joinTorrent({ ...options, ...more }, roster));
    await joinBy(own);
    await joinBy(others);
    await joinBy(own);
    await joinBy(others);
    await joinBy(unused, { usesRelays: false });
    expect([own, others, unused].map(({ kept }) => kept.map(({ torrent }) => torrent))).toEqual([
      [added[0]],
      [added[0]],
      [],
    ]);
  });

  it('counts a relay that two rosters have once, when it is used no longer', async () => {
    const [own, others] = [new FakeRelays(), new FakeRelays()];
    const shared = await joinTorrent(options, own);
    joined.push(shared, await joinTorrent(options, others));
    const relay = { announceUrl: 'wss://a.example' };
    added[0]!.discovery.tracker = { _trackers: [relay] };
    const failed = { removed: [{ url: 'wss://a.example/' }] } as unknown as Parameters<FailedOver>[0];
    own.kept[0]!.failedOver(failed);
    expect(shared.stats().failOvers).toBe(0);
    added[0]!.discovery.tracker = { _trackers: [] };
    others.kept[0]!.failedOver(failed);
    expect(shared.stats().failOvers).toBe(1);
  });

  it('gives the folder of pieces back, also of a torrent that ends before it needs one', async () => {
    await joinAndLeave();
    expect(released).toEqual([]);
    added[0]!.end(new Error('No space left'));
    expect(released).toEqual([infoHash]);
  });
});

describe('SharedTorrent.stats()', () => {
  it('tells no rate of what goes out before anything was passed on: the library counts requests, too', async () => {
    const shared = await joinAndLeave();
    Object.assign(added[0]!, { uploadSpeed: 620 });
    expect(shared.stats()).toMatchObject({ uploaded: 0, uploadSpeed: 0 });
    const wire = Object.assign(new EventEmitter(), { type: 'webrtc', setTimeout: () => undefined });
    added[0]!.emit('wire', wire);
    wire.emit('upload', 16_384);
    expect(shared.stats()).toMatchObject({ uploaded: 16_384, uploadSpeed: 620 });
  });
});

describe('SharedTorrent.metadata()', () => {
  it('is there at once where the names are known', async () => {
    const shared = await joinAndLeave();
    Object.assign(added[0]!, { ready: true, files: [file] });
    await expect(shared.metadata(never)).resolves.toEqual([file]);
  });

  it('waits for the names, and leaves nothing on the torrent that others go on using', async () => {
    const shared = await joinAndLeave();
    const before = added[0]!.eventNames().map((name) => added[0]!.listenerCount(name));
    const metadata = shared.metadata(never);
    Object.assign(added[0]!, { ready: true, files: [file] }).emit('ready');
    await expect(metadata).resolves.toEqual([file]);
    expect(added[0]!.eventNames().map((name) => added[0]!.listenerCount(name))).toEqual(before);
  });

  it.each([
    ['fails', new Error('No space left'), 'No space left'],
    ['is closed', undefined, 'closed'],
  ])('is refused where the torrent %s meanwhile', async (_, error, words) => {
    const metadata = (await joinAndLeave()).metadata(never);
    added[0]!.end(error);
    await expect(metadata).rejects.toThrow(words);
  });

  it.each([
    ['its names were known', { ready: true, files: [file] }],
    ['anything was known', {}],
  ])('is refused where the torrent has ended before, after %s', async (_, state) => {
    const shared = await joinAndLeave();
    Object.assign(added[0]!, state).end();
    await expect(shared.metadata(never)).rejects.toThrow('closed');
  });

  it('is refused once nobody wants it, also where that was so before', async () => {
    const shared = await joinAndLeave();
    const ended = new AbortController();
    const metadata = shared.metadata(ended.signal);
    ended.abort();
    await expect(metadata).rejects.toMatchObject({ name: 'AbortError' });
    await expect(shared.metadata(ended.signal)).rejects.toMatchObject({ name: 'AbortError' });
  });
});
