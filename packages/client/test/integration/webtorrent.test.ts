// The real webtorrent in Chromium on a swarm of three relays: the relay that its torrent uses is killed, another one frozen, and it goes on.
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
} from '../../../../test/support/chromium.ts';
import { startRelays, type Relays } from '../support/relays.ts';

const root = join(import.meta.dirname, '..', '..', '..', '..');
const program = `
  import WebTorrent from ${JSON.stringify(join(root, 'node_modules/webtorrent/dist/webtorrent.min.js'))};
  import { keepTorrent, Roster } from ${JSON.stringify(join(root, 'packages/client/src/index.ts'))};

  const client = new WebTorrent({ dht: false, lsd: false, tracker: { rtcConfig: { iceServers: [] } } });
  const changes = [];
  let torrent;
  let choice;

  async function keep(sources) {
    const roster = await Roster.load(sources);
    choice = await keepTorrent(torrent, roster, { k: 1 });
    choice.on('relaychange', ({ reason, added }) => changes.push({ reason, to: added[0].url, atMs: Date.now() }));
  }

  export async function seed(sources, bytes) {
    torrent = client.seed(new File([new Uint8Array(bytes).fill(7)], 'file.bin'), { announce: [] });
    await new Promise((resolve) => torrent.once('ready', resolve));
    await keep(sources);
    return torrent.infoHash;
  }

  export async function download(sources, infoHash, bytesPerSecond) {
    if (bytesPerSecond) client.throttleDownload(bytesPerSecond);
    torrent = client.add(infoHash, { announce: [] });
    await keep(sources);
  }

  export const goOn = async () => client.throttleDownload(-1);
  export const state = async () => ({
    relay: choice?.relays[0]?.url,
    announcedAt: torrent.discovery.tracker._trackers.map((tracker) => tracker.announceUrl),
    changes,
    progress: torrent.progress,
  });
  export const close = async () => new Promise((resolve) => client.destroy(() => resolve(true)));
`;

interface State {
  readonly relay: string;
  readonly announcedAt: readonly string[];
  readonly changes: readonly { readonly reason: string; readonly to: string; readonly atMs: number }[];
  readonly progress: number;
}

describeWithChromium('webtorrent on three relays', () => {
  let browser: Browser;
  let relays: Relays;
  let pages: PageServer;

  beforeAll(async () => {
    [browser, relays] = await Promise.all([launchChromium(), startRelays(3)]);
    pages = await serveProgram(program, root);
  }, 60_000);

  afterAll(async () => {
    await browser.close();
    await Promise.all([relays.stop(), pages.close()]);
  });

  const stateOf = (page: Page): Promise<State> => callPage<State>(page, 'state');
  async function until(page: Page, isSo: (state: State) => boolean): Promise<State> {
    for (const untilMs = Date.now() + 30_000; ;) {
      const state = await stateOf(page);
      if (isSo(state)) return state;
      if (Date.now() > untilMs) throw new Error(`it was not so within 30 s: ${JSON.stringify(state)}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  it('carries on with the next relay of the ranking, transfers included, and newcomers find it there', async () => {
    const [seeder, first, second] = await Promise.all([1, 2, 3].map(() => openPage(browser, pages.url)));
    const infoHash = await callPage<string>(seeder!, 'seed', relays.urls, 3_000_000);
    await callPage(first!, 'download', relays.urls, infoHash, 200_000);
    const begun = await until(first!, ({ progress }) => progress > 0.01);
    expect(begun.progress).toBeLessThan(1);
    expect((await stateOf(seeder!)).relay).toBe(begun.relay);

    const killedAtMs = Date.now();
    relays.kill(begun.relay);
    const moved = await Promise.all(
      [seeder!, first!].map((page) => until(page, ({ relay }) => relay !== begun.relay)),
    );
    expect(moved[1]!.relay).toBe(moved[0]!.relay);
    for (const { announcedAt, relay, changes } of moved) {
      expect(announcedAt).toEqual([relay]);
      const change = changes.find(({ atMs }) => atMs >= killedAtMs)!; // what a page heard of at its start may have moved it before
      expect(change.reason).toMatch(/closed|unreachable/);
      process.stdout.write(
        `webtorrent: relay killed, another one after ${change.atMs - killedAtMs} ms (bar: 3000)\n`,
      );
    }
    await callPage(first!, 'goOn');
    await until(first!, ({ progress }) => progress === 1);

    // Of the two that are left one freezes: its sockets stay open, and it is noticed all the same.
    const frozenAtMs = Date.now();
    relays.freeze(moved[0]!.relay);
    const again = await until(seeder!, ({ relay }) => relay !== moved[0]!.relay);
    expect(again.changes.at(-1)).toMatchObject({ reason: 'silent', to: again.relay });
    process.stdout.write(
      `webtorrent: relay frozen, another one after ${again.changes.at(-1)!.atMs - frozenAtMs} ms (bar: 3000)\n`,
    );
    await callPage(second!, 'download', relays.urls, infoHash, 0);
    await until(second!, ({ progress }) => progress === 1);
    await Promise.all([seeder!, first!, second!].map((page) => page.context().close()));
  }, 120_000);
});
