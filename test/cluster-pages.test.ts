// Pages at different nodes of one domain, in a real Chromium: a file, a call and a mesh, and in the middle of each one node is killed. Three trackers and
// three signaling servers, each a process of its own, are joined by a real nats-server; nginx stands before them where a page must find another node.
import { join } from 'node:path';
import { Front } from '../tracker/bench/cluster/front.ts';
import { spawnTracker, type TrackerProcess } from '../tracker/test/support/tracker-process.ts';
import { metric } from '../peerjs/test/support/http.ts';
import { clientPage, MEDIA_FLAGS } from '../peerjs/test/support/page.ts';
import { freePort } from '../scripts/lib/free-port.mjs';
import { start, type ServerProcess } from '../peerjs/test/support/processes.ts';
import { memberPage } from '../packages/mesh/test/support/member-page.ts';
import type { MemberState } from '../packages/mesh/test/support/member-program.ts';
import {
  callPage,
  chromiumPath,
  launchChromium,
  openPage,
  programPage,
  servePages,
  type Browser,
  type Page,
  type PageServer,
} from './support/chromium.ts';
import { programOf } from './support/compile.ts';
import { NatsServer } from './support/nats-server.ts';
import { root } from './support/repository.ts';
import { findTool, requireFound } from './support/tools.ts';
import { untilWithin } from './support/until.ts';

const TEST_MS_MAX = 120_000;
const WAIT_MS_MAX = 60_000;
const until = untilWithin(WAIT_MS_MAX);
const FILE_BYTES = 6_000_000;
/** So that there is a middle: the file takes five seconds or more. */
const BYTES_PER_SECOND = 1_200_000;

// Pages are at the node that they are told, and know of no other one.
const torrentProgram = `
  import WebTorrent from ${JSON.stringify(join(root, 'node_modules/webtorrent/dist/webtorrent.min.js'))};
  const client = new WebTorrent({ dht: false, lsd: false, tracker: { rtcConfig: { iceServers: [] } } });
  const hash = async (bytes) =>
    [...new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  export async function seed(length, announce) {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536));
    const torrent = await new Promise((resolve) => client.seed(new File([bytes], 'random.bin'), { announce: [announce] }, resolve));
    await new Promise((resolve) => torrent.once('trackerAnnounce', resolve));
    return { infoHash: torrent.infoHash, hash: await hash(bytes) };
  }
  let torrent;
  export function add(infoHash, announce, bytesPerSecond) {
    client.throttleDownload(bytesPerSecond);
    torrent = client.add(infoHash, { announce: [announce] });
  }
  export const progress = () => torrent.progress;
  export async function finished() {
    client.throttleDownload(-1);
    if (!torrent.done) await new Promise((resolve) => torrent.once('done', resolve));
    return hash(await torrent.files[0].arrayBuffer());
  }
`;

requireFound({
  'chromium (or its path in CHROMIUM)': chromiumPath,
  'nats-server': findTool('nats-server'),
  nginx: findTool('nginx', '/usr/sbin/nginx'),
})('pages at different nodes', () => {
  let nats: NatsServer;
  let browser: Browser;
  let signalingProgram: string;
  const servers: PageServer[] = [];
  const opened: Page[] = [];
  const cluster = (): Record<string, string> => ({
    CLUSTER_URL: nats.url,
    CLUSTER_TOKEN: NatsServer.token,
    LOG_LEVEL: 'warn',
  });

  beforeAll(async () => {
    nats = await NatsServer.start();
    browser = await launchChromium(MEDIA_FLAGS);
    signalingProgram = await programOf('peerjs/src/main.ts');
  }, TEST_MS_MAX);
  afterEach(async () => {
    for (const page of opened.splice(0)) await page.context().close();
    for (const server of servers.splice(0)) await server.close();
  }, TEST_MS_MAX);
  afterAll(async () => {
    await browser.close();
    await nats.kill();
  }, TEST_MS_MAX);

  const pagesOf = async (files: Record<string, string>, count: number): Promise<Page[]> => {
    const server = await servePages(files);
    servers.push(server);
    const pages = await Promise.all(Array.from({ length: count }, () => openPage(browser, server.url)));
    opened.push(...pages);
    return pages;
  };
  const signalingNodes = async (): Promise<ServerProcess[]> => {
    const settings = { ...cluster(), PEERJS_DRAIN_SECONDS: '0', PEERJS_REQUESTS_BURST: '1000' };
    const nodes = await Promise.all(
      [1, 2, 3].map(async () => start(signalingProgram, settings, await freePort())),
    );
    await until('three signaling servers', async () => {
      const seen = nodes.map(({ port }) => metric(port, 'mesh_cluster_nodes'));
      return (await Promise.all(seen)).every((count) => count === 3);
    });
    return nodes;
  };

  it(
    'exchange a file, and a third page has it too, though the node of the seeder is killed',
    async () => {
      const settings = { ...cluster(), TRACKER_DHT_ENABLED: 'false' };
      const trackers: TrackerProcess[] = await Promise.all(
        ['relay', 'node', 'node'].map((role) => spawnTracker({ ...settings, TRACKER_ROLE: role })),
      );
      const [first, second, third] = trackers as [TrackerProcess, TrackerProcess, TrackerProcess];
      const nodes = (count: number, those: readonly TrackerProcess[]): Promise<number> =>
        until(`${count} trackers`, async () =>
          (await Promise.all(those.map((one) => one.metric('tracker_cluster_nodes')))).every(
            (seen) => seen === count,
          ),
        );
      try {
        await nodes(3, trackers);
        const program = await programPage(torrentProgram, import.meta.dirname);
        const [seeder, leecher, late] = (await pagesOf(program, 3)) as [Page, Page, Page];
        const { infoHash, hash } = await callPage<{ infoHash: string; hash: string }>(
          seeder,
          'seed',
          FILE_BYTES,
          first.url,
        );
        await callPage(leecher, 'add', infoHash, second.url, BYTES_PER_SECOND);
        const progress = (): Promise<number> => callPage<number>(leecher, 'progress');
        await until('a part of the file', async () => (await progress()) > 0.1);
        first.kill();
        expect(await progress()).toBeLessThan(1);
        await nodes(2, [second, third]);
        await callPage(late, 'add', infoHash, third.url, -1);
        expect(await callPage(leecher, 'finished')).toBe(hash);
        expect(await callPage(late, 'finished')).toBe(hash);
      } finally {
        await Promise.all(trackers.map((one) => one.stop()));
      }
    },
    TEST_MS_MAX,
  );

  it(
    'see and hear each other in a call that goes on, and are called again, though the node of one is killed',
    async () => {
      const nodes = await signalingNodes();
      const [stays, ...others] = nodes as [ServerProcess, ServerProcess, ServerProcess];
      const front = await Front.start(others.map(({ port }) => port));
      try {
        const [alice, bob, carol] = (await pagesOf(await clientPage(), 3)) as [Page, Page, Page];
        for (const page of [alice, bob, carol])
          await page.route('**/ice-servers', (route) =>
            route.fulfill({
              json: { iceServers: [], ttlSeconds: 3600 },
              headers: { 'access-control-allow-origin': '*' },
            }),
          );
        const atStays = `http://127.0.0.1:${stays.port}`;
        expect(await callPage(alice, 'start', atStays, 'alice')).toBe('alice');
        expect(await callPage(bob, 'start', front.url.replace('ws', 'http'), 'bob')).toBe('bob');
        expect(await callPage(alice, 'say', 'bob', 'hello')).toBe('echo hello');
        expect(await callPage(alice, 'callAndWatch', 'bob')).toMatchObject({ tracks: ['audio', 'video'] });
        const clients = await Promise.all(others.map(({ port }) => metric(port, 'clients')));
        expect([...clients].sort()).toEqual([0, 1]);
        await others[clients.indexOf(1)]!.kill();
        expect(await callPage(alice, 'say', 'bob', 'meanwhile')).toBe('echo meanwhile');
        const decoded = await callPage<number>(alice, 'framesDecoded');
        await until(
          'more of the call',
          async () => (await callPage<number>(alice, 'framesDecoded')) > decoded + 5,
        );
        const bobsOpenings = 'program.state().opened.length === 2 && program.state().isOpen';
        await bob.waitForFunction(bobsOpenings, undefined, { timeout: WAIT_MS_MAX });
        expect(await callPage(bob, 'state')).toMatchObject({ opened: ['bob', 'bob'] });
        expect(await callPage(carol, 'start', atStays, 'carol')).toBe('carol');
        expect(await callPage(carol, 'say', 'bob', 'after')).toBe('echo after');
        expect(await callPage(carol, 'callAndWatch', 'bob')).toMatchObject({ tracks: ['audio', 'video'] });
      } finally {
        await front.stop();
        await Promise.all(nodes.map((node) => node.kill()));
      }
    },
    TEST_MS_MAX,
  );

  it(
    'form a mesh of twelve over three nodes and lose nothing, though one of them is killed',
    async () => {
      const nodes = await signalingNodes();
      const front = await Front.start(nodes.map(({ port }) => port));
      const signaling = `${front.url}/mesh`;
      try {
        const pages = await pagesOf(await memberPage(), 3);
        const states = async (): Promise<MemberState[]> =>
          (await Promise.all(pages.map((page) => callPage<MemberState[]>(page, 'state')))).flat();
        const whole = (count: number): Promise<number> =>
          until(`one mesh of ${count}`, async () => {
            const all = await states();
            return (
              all.length === count &&
              all.every(({ members, parts, servers }) => members === count && parts === 1 && servers === 1)
            );
          });
        /** Everybody speaks; each hears all others, once. */
        const heard = async (text: string, count: number): Promise<void> => {
          const all = async (): Promise<[number, number]> => {
            const counts = await Promise.all(
              pages.map((page) => callPage<[number, number]>(page, 'count', text)),
            );
            return [counts.reduce((sum, [n]) => sum + n, 0), counts.reduce((sum, [, n]) => sum + n, 0)];
          };
          await until(`all of "${text}"`, async () => (await all())[0] >= count * (count - 1));
          expect(await all()).toEqual([count * (count - 1), 0]);
        };
        const say = (text: string): Promise<unknown> =>
          Promise.all(pages.map((page) => callPage(page, 'broadcast', text)));
        await Promise.all(pages.map((page) => callPage(page, 'enter', 4, 'everybody', { signaling })));
        await whole(12);
        const connections = await Promise.all(nodes.map(({ port }) => metric(port, 'connections')));
        expect(Math.min(...connections)).toBeGreaterThan(0);
        await Promise.all([say('meanwhile'), nodes[1]!.kill()]);
        await heard('meanwhile', 12);
        await say('after');
        await heard('after', 12);
        await whole(12);
        await callPage(pages[0]!, 'enter', 1, 'everybody', { signaling });
        await whole(13);
      } finally {
        await front.stop();
        await Promise.all(nodes.map((node) => node.kill()));
      }
    },
    TEST_MS_MAX,
  );
});
