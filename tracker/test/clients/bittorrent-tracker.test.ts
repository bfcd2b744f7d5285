// bittorrent-tracker's own client against our tracker, over real sockets. It asks for no peers here, since Node has no WebRTC of its own;
// how it finds them is shown by webtorrent, which is built on it.
import { Client, type ScrapeResult, type Update } from 'bittorrent-tracker';
import { once } from 'node:events';
import { startTracker, type RunningTracker } from '../support/tracker.ts';

// Bytes that JSON spells in every way: plain, escaped, as two bytes of UTF-8.
const infoHash = '00010a0d1f22272f5c7e7f80a0c3e9ffabcdef01';
const other = 'd0'.repeat(20);
const getAnnounceOpts = () => ({ numwant: 0 });

describe("bittorrent-tracker's client", () => {
  let tracker: RunningTracker;
  let clients: Client[];
  let warnings: string[];

  beforeEach(async () => {
    tracker = await startTracker();
    clients = [];
    warnings = [];
  });

  afterEach(async () => {
    await Promise.all(clients.map(destroy));
    await tracker.stop();
  });

  function createClient(name: string, torrent = infoHash): Client {
    const peerId = Buffer.from(`-WW0208-${name.padStart(12, '/')}`).toString('hex');
    const client = new Client({
      infoHash: torrent,
      peerId,
      announce: tracker.url,
      port: 6881,
      getAnnounceOpts,
    });
    client.on('warning', (error: Error) => warnings.push(error.message));
    clients.push(client);
    return client;
  }

  function destroy(client: Client): Promise<void> {
    return new Promise((resolve) => {
      if (client.destroyed) resolve();
      else client.destroy(resolve);
    });
  }

  async function updateAfter(client: Client, act: () => void): Promise<Update> {
    const update = once(client, 'update', { signal: AbortSignal.timeout(5_000) });
    act();
    return (await update)[0];
  }

  it('starts, goes on, completes and stops, and is counted each time', async () => {
    const [seeder, leecher] = [createClient('seeder'), createClient('leecher')];
    const count = async (client: Client, act: () => void) => {
      const { complete, incomplete } = await updateAfter(client, act);
      return [complete, incomplete];
    };
    expect(await count(seeder, () => seeder.start({ left: 0 }))).toEqual([1, 0]);
    expect(await count(leecher, () => leecher.start({ left: 5 }))).toEqual([1, 1]);
    expect(await count(leecher, () => leecher.update({ left: 3 }))).toEqual([1, 1]);
    expect(await count(leecher, () => leecher.complete({ left: 0 }))).toEqual([2, 0]);
    expect(await count(leecher, () => leecher.stop({ left: 0 }))).toEqual([1, 0]);
    expect(await count(seeder, () => seeder.stop({ left: 0 }))).toEqual([0, 0]);
    expect(warnings).toEqual([]);
  });

  it('counts a peer that does not know yet what it lacks as incomplete', async () => {
    const client = createClient('magnet');
    const update = await updateAfter(client, () => client.start({ left: null }));
    expect(update).toMatchObject({ complete: 0, incomplete: 1 });
  });

  it('is told the interval and nothing that it did not ask for', async () => {
    const client = createClient('one');
    const { infoHash: found, ...update } = await updateAfter(client, () => client.start());
    expect(found).toBe(infoHash);
    expect(Object.keys(update).sort()).toEqual([
      'action',
      'announce',
      'complete',
      'incomplete',
      'info_hash',
      'interval',
    ]);
    expect(update.interval).toBe(15); // it has just started
  });

  it('shares one socket among its torrents, each with its own counts', async () => {
    const [one, two] = [createClient('page'), createClient('page', other)];
    await updateAfter(one, () => one.start({ left: 0 }));
    expect(await updateAfter(two, () => two.start({ left: 7 }))).toMatchObject({
      complete: 0,
      incomplete: 1,
    });
    expect(tracker.webSockets.counts.upgrades).toBe(1);

    // The socket outlives the torrent that leaves first.
    await destroy(one);
    expect(await updateAfter(two, () => two.complete({ left: 0 }))).toMatchObject({ complete: 1 });
    expect(tracker.webSockets.counts.upgrades).toBe(1);
  });

  it('scrapes its own torrent', async () => {
    const client = createClient('one');
    await updateAfter(client, () => client.start({ left: 1 }));
    const scrape = once(client, 'scrape', { signal: AbortSignal.timeout(5_000) });
    client.scrape();
    expect((await scrape)[0]).toMatchObject({ infoHash, complete: 0, incomplete: 1, downloaded: 0 });
  });

  it('scrapes many at once, and an unknown torrent is all zeros', async () => {
    const client = createClient('one');
    await updateAfter(client, () => client.start({ left: 1 }));
    await updateAfter(client, () => client.complete({ left: 0 }));
    const result = await new Promise<Record<string, ScrapeResult>>((resolve, reject) => {
      Client.scrape({ infoHash: [infoHash, other], announce: tracker.url }, (error, found) =>
        error ? reject(error) : resolve(found),
      );
    });
    expect(result[infoHash]).toMatchObject({ complete: 1, incomplete: 0 });
    expect(result[other]).toMatchObject({ complete: 0, incomplete: 0, downloaded: 0 });
  });

  it('comes back after the tracker was gone, and is counted again', async () => {
    const client = createClient('one');
    await updateAfter(client, () => client.start({ left: 0 }));
    const { port } = tracker;
    await tracker.stop();
    tracker = await startTracker({ TRACKER_PORT: String(port) });
    const [socketClient] = client._trackers;
    expect(socketClient!.reconnecting).toBe(true);
    // What its timer does, which waits for 10 to 310 seconds.
    clearTimeout(socketClient!.reconnectTimer);
    expect(await updateAfter(client, () => socketClient!._openSocket())).toMatchObject({ incomplete: 1 });
  });

  it('is warned about a torrent that is not allowed, and goes on with the others on the same socket', async () => {
    await tracker.stop();
    tracker = await startTracker({ TRACKER_DENY: other });
    const [fine, denied] = [createClient('page'), createClient('page', other)];
    const warning = once(denied, 'warning', { signal: AbortSignal.timeout(5_000) });
    denied.start();
    await warning;
    expect(warnings).toHaveLength(1);
    expect(await updateAfter(fine, () => fine.start())).toMatchObject({ incomplete: 1 });
    expect(tracker.webSockets.counts.upgrades).toBe(1);
  });
});
