// Overload and drain as stock clients in Chromium meet them, which know nothing of either: trystero, and p2p-media-loader with its tracker client.
import { join } from 'node:path';
import {
  callPage,
  describeWithChromium,
  launchChromium,
  openPage,
  serveProgram,
  type Browser,
  type Page,
  type PageServer,
} from '../../../test/support/chromium.ts';
import { until } from '../support/until.ts';
import { Crowd } from '../support/crowd.ts';
import { watchPage, type PageWatch } from '../support/page-watch.ts';
import { startTracker, type RunningTracker } from '../support/tracker.ts';

const CONNECTIONS_MAX = 10;
const INTERVAL_SECONDS = 10;
const ENV = {
  RELAY_STATUS_SECONDS: '1',
  TRACKER_CONNECTIONS_MAX: String(CONNECTIONS_MAX),
  TRACKER_ANNOUNCE_INTERVAL_SECONDS: String(INTERVAL_SECONDS),
};
const SEGMENT_BYTES = 200_000;
const modules = join(import.meta.dirname, '..', '..', '..', 'node_modules');

const trystero = `
  import { joinRoom } from '@trystero-p2p/torrent';

  let room, say;
  const received = [];
  export async function join(urls) {
    room = joinRoom({ appId: 'relay-swarm', password: 'ours', relayConfig: { urls }, rtcConfig: { iceServers: [] } }, 'room');
    say = room.makeAction('say');
    say.onMessage = (text) => received.push(text);
  }
  export const peers = async () => Object.keys(room.getPeers()).length;
  export const send = (text) => say.send(text);
  export const hasReceived = async (text) => received.includes(text);
`;

// A live stream of one quality: a segment is there once load() is called with its number.
const mediaLoader = `
  import { Core } from ${JSON.stringify(join(modules, 'p2p-media-loader-core/dist/p2p-media-loader-core.es.js'))};

  const SECONDS = 4;
  const stream = { runtimeId: 'main', type: 'main', index: '0' };
  const sources = new Map();
  const counts = { connected: 0, closed: 0, errors: 0 };
  let core;

  export async function join(announce, httpAfterMs) {
    core = new Core({ announceTrackers: [announce], rtcConfig: { iceServers: [] }, httpDownloadInitialTimeoutMs: httpAfterMs });
    core.addEventListener('onPeerConnect', () => counts.connected++);
    core.addEventListener('onPeerClose', () => counts.closed++);
    for (const event of ['onPeerError', 'onTrackerError', 'onSegmentError']) core.addEventListener(event, () => counts.errors++);
    core.addEventListener('onSegmentLoaded', ({ segmentUrl, downloadSource }) => sources.set(segmentUrl, downloadSource));
    core.setManifestResponseUrl(location.origin + '/live.m3u8');
    core.addStreamIfNoneExists(stream);
  }
  /** Where the segment came from, and how many bytes it has. */
  export async function load(number) {
    const url = location.origin + '/segment.bin?' + number;
    const segment = { runtimeId: url, externalId: number, url, startTime: number * SECONDS, endTime: (number + 1) * SECONDS };
    core.updateStream('main', [segment]);
    core.updatePlayback(segment.startTime, 1);
    const { data } = await new Promise((onSuccess, onError) => core.loadSegment(url, { onSuccess, onError }));
    return { source: sources.get(url), bytes: data.byteLength };
  }
  export const seen = async () => counts;
`;

describeWithChromium('a tracker that is busy, full and drained', () => {
  let browser: Browser;
  let trackers: RunningTracker[];
  let crowd: Crowd;
  let pages: PageServer;
  let watches: PageWatch[];

  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser.close());
  beforeEach(() => {
    [trackers, watches] = [[], []];
  });
  afterEach(async () => {
    crowd.leave();
    for (const context of browser.contexts()) await context.close();
    await pages.close();
    for (const tracker of trackers) await tracker.stop();
  });

  async function start(env: Readonly<Record<string, string>> = {}): Promise<RunningTracker> {
    const tracker = await startTracker({ ...ENV, ...env });
    trackers.push(tracker);
    return tracker;
  }
  /** Stops it as a deploy does. */
  async function drain(tracker: RunningTracker): Promise<void> {
    trackers.splice(trackers.indexOf(tracker), 1);
    await tracker.stop();
  }
  async function serve(program: string): Promise<void> {
    const files = { '/segment.bin': Buffer.alloc(SEGMENT_BYTES, 'live') };
    pages = await serveProgram(program, import.meta.dirname, files);
  }
  interface Opened {
    readonly page: Page;
    readonly watch: PageWatch;
  }
  async function open(...join: readonly unknown[]): Promise<Opened> {
    const page = await openPage(browser, pages.url);
    await page.clock.install(); // runs as ever, until it is put forward
    const watch = watchPage(page);
    watches.push(watch);
    await callPage(page, 'join', ...join);
    return { page, watch };
  }
  /** The clients inside announce, and are answered. */
  async function announce(tracker: RunningTracker, inside: Opened[]): Promise<void> {
    const before = inside.map(({ watch }) => watch.replies(tracker.url));
    for (const { page } of inside) await page.clock.fastForward(INTERVAL_SECONDS * 1000);
    await until(() => inside.every(({ watch }, i) => watch.replies(tracker.url) > before[i]!), 20);
  }
  async function make(tracker: RunningTracker, state: 'busy' | 'full', inside: Opened[]): Promise<void> {
    await crowd.growTo((state === 'busy' ? 8 : CONNECTIONS_MAX) - inside.length);
    await until(() => tracker.relays.state() === state, 20);
    await announce(tracker, inside);
    expect(tracker.relays.state()).toBe(state);
  }

  it('goes unnoticed in a trystero room that has another tracker, and newcomers find the room', async () => {
    const [first, second] = [await start(), await start()];
    const urls = [first.url, second.url];
    crowd = new Crowd(first.url);
    await serve(trystero);
    const room: Page[] = [];
    const enter = async (): Promise<Opened> => {
      const opened = await open(urls);
      room.push(opened.page);
      return opened;
    };
    /** Everyone in the room is connected with everyone, and hears everyone. */
    const talk = async (about: string): Promise<void> => {
      for (const page of room) {
        await until(async () => (await callPage<number>(page, 'peers')) === room.length - 1, 20);
      }
      await Promise.all(room.map((page, i) => callPage(page, 'send', `${about} ${i}`)));
      for (const [i, page] of room.entries()) {
        for (const from of room.keys()) {
          if (from !== i) await until(() => callPage<boolean>(page, 'hasReceived', `${about} ${from}`), 10);
        }
      }
    };
    const inside = [await enter(), await enter()];
    await talk('well');
    await make(first, 'busy', inside);
    await talk('busy');
    await make(first, 'full', inside);
    await talk('full');

    const { watch } = await enter();
    await talk('with a newcomer');
    expect(first.gate.refused.turned_away).toBeGreaterThan(0);
    expect([watch.replies(first.url), watch.replies(second.url) > 0]).toEqual([0, true]);
    await announce(first, inside);

    await drain(first);
    await talk('drained');
    await enter();
    await talk('with one more');
    expect(watches.flatMap(({ thrown }) => thrown)).toEqual([]);
  }, 90_000);

  it('leaves the peers of p2p-media-loader connected, and has them back after a restart', async () => {
    const tracker = await start();
    const { url, port } = tracker;
    crowd = new Crowd(url);
    await serve(mediaLoader);
    const [source, viewer] = [await open(url, 0), await open(url, 3_600_000)]; // the viewer: from peers alone
    /** The source takes the segment from the server, the viewer from the source. */
    const watchSegment = async (number: number): Promise<void> => {
      const loads = [source, viewer].map(({ page }) => callPage(page, 'load', number));
      expect(await Promise.all(loads)).toEqual([
        { source: 'http', bytes: SEGMENT_BYTES },
        { source: 'p2p', bytes: SEGMENT_BYTES },
      ]);
    };
    const inside = [source, viewer];
    await watchSegment(0);
    await make(tracker, 'busy', inside);
    await watchSegment(1);
    await make(tracker, 'full', inside);
    await watchSegment(2);

    // Whoever comes now has no peers, and plays from the server
    const late = await open(url, 0);
    expect(await callPage(late.page, 'load', 2)).toEqual({ source: 'http', bytes: SEGMENT_BYTES });
    await until(() => tracker.gate.refused.turned_away > 0, 10);
    await announce(tracker, inside);

    await drain(tracker);
    crowd.leave();
    await watchSegment(3);
    for (const { page } of [source, viewer]) {
      expect(await callPage(page, 'seen')).toEqual({ connected: 1, closed: 0, errors: 0 });
    }

    // bittorrent-tracker's client comes back after 10 s to 5 min 10 s by its clock
    const before = inside.map(({ watch }) => watch.replies(url));
    await start({ TRACKER_PORT: String(port) });
    const all = [source, viewer, late];
    for (const { page } of all) await page.clock.fastForward(310_000);
    await until(() => inside.every(({ watch }, i) => watch.replies(url) > before[i]!), 20);
    for (const { page } of all) {
      await until(async () => (await callPage<{ connected: number }>(page, 'seen')).connected === 2, 20);
    }
    await watchSegment(4);
    for (const { page } of all) {
      expect(await callPage(page, 'seen')).toEqual({ connected: 2, closed: 0, errors: 0 });
    }
    expect(watches.flatMap(({ thrown }) => thrown)).toEqual([]);
  }, 90_000);
});
