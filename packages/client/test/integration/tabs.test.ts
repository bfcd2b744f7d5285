// What pages live through: three tabs of one origin at once, a page that the browser puts to sleep, a network that goes and comes back.
// SLEEP_SECONDS=60 makes the sleep as long as the issue wants it; CI sleeps for a few seconds.
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

const SLEEP_MS = Number(process.env['SLEEP_SECONDS'] ?? 3) * 1000;
const SOON_MS = 60_000;
const infoHash = '5'.repeat(64);
const source = join(import.meta.dirname, '..', '..', 'src', 'index.ts');
const program = `
  import { GraffitiClient, RelayChoice, Roster } from ${JSON.stringify(source)};

  const changes = [];
  const there = new Set();
  let ticks = 0;
  setInterval(() => ticks++, 100);
  let choice, roster, graffiti;
  export async function enter(sources) {
    roster = await Roster.load(sources, { refreshSeconds: 2 });
    choice = new RelayChoice(roster, '${infoHash}', { k: 1 });
    choice.on('relaychange', ({ reason, relays }) => changes.push({ reason, relay: relays[0]?.url, atMs: Date.now() }));
    graffiti = await GraffitiClient.create(roster, { k: 1 });
    void follow();
    await graffiti.announce('${infoHash}');
    return graffiti.peerId;
  }
  async function follow() {
    for await (const { action, peer } of graffiti.subscribe('${infoHash}'))
      if (action === 'announce') there.add(peer); else there.delete(peer);
  }
  export const state = () => ({ relay: choice.relays[0]?.url, changes, there: [...there], ticks });
  export const leave = () => roster.close();
`;
interface State {
  readonly relay: string;
  readonly changes: readonly { readonly reason: string; readonly atMs: number }[];
  readonly there: readonly string[];
  /** Tenths of a second that the page's timers have seen. */
  readonly ticks: number;
}

describeWithChromium('tabs', () => {
  let browser: Browser;
  let relays: Relays;
  let pages: PageServer;

  beforeAll(async () => {
    [browser, relays] = await Promise.all([launchChromium(), startRelays(5)]);
    pages = await serveProgram(program, import.meta.dirname);
  }, 120_000);

  afterAll(async () => {
    await browser.close();
    await Promise.all([relays.stop(), pages.close()]);
  });

  const stateOf = (page: Page): Promise<State> => callPage<State>(page, 'state');
  async function until(what: string, page: Page, isSo: (state: State) => boolean): Promise<State> {
    for (const untilMs = Date.now() + SOON_MS; ;) {
      const state = await stateOf(page);
      if (isSo(state)) return state;
      if (Date.now() > untilMs) throw new Error(`Waited ${SOON_MS} ms for ${what}: ${JSON.stringify(state)}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  const hasAll =
    (ids: readonly string[]) =>
    ({ there }: State): boolean =>
      ids.every((id) => there.includes(id));

  it('three of one origin share what is remembered, move together, and lose nobody', async () => {
    const first = await openPage(browser, pages.url);
    const tabs = [first];
    for (let i = 0; i < 2; i++) {
      const tab = await first.context().newPage();
      await tab.goto(pages.url);
      await tab.waitForFunction('globalThis.program !== undefined');
      tabs.push(tab);
    }
    const ids = await Promise.all(tabs.map((tab) => callPage<string>(tab, 'enter', relays.urls)));
    for (const tab of tabs) await until('all three', tab, hasAll(ids));
    const { relay } = await stateOf(first);
    const killedAtMs = Date.now();
    relays.kill(relay);
    const moved = await Promise.all(
      tabs.map((tab) => until('another relay', tab, (state) => state.relay !== relay)),
    );
    expect(new Set(moved.map((state) => state.relay)).size).toBe(1);
    process.stdout.write(
      `tabs: three at another relay ${Math.max(...moved.map(({ changes }) => changes[0]!.atMs)) - killedAtMs} ms after the kill\n`,
    );
    for (const tab of tabs) await until('all three at the next relay', tab, hasAll(ids));
    await first.context().close();
  }, 150_000);

  it(
    'a page that sleeps and wakes is where it was, and has lost nobody',
    async () => {
      const [awake, asleep] = [await openPage(browser, pages.url), await openPage(browser, pages.url)];
      const ids = await Promise.all(
        [awake, asleep].map((page) => callPage<string>(page, 'enter', relays.urls)),
      );
      for (const page of [awake, asleep]) await until('both', page, hasAll(ids));
      const before = await stateOf(asleep);
      const session = await asleep.context().newCDPSession(asleep);
      // Every script of the page stands still, while its sockets stay open. (Chromium's own freezing spares pages that a driver keeps visible.)
      await session.send('Debugger.enable');
      const paused = new Promise((resolve) => session.once('Debugger.paused', resolve));
      await session.send('Debugger.pause');
      await paused;
      await new Promise((resolve) => setTimeout(resolve, SLEEP_MS));
      await session.send('Debugger.resume');
      await session.send('Debugger.disable');
      const wokenAtMs = Date.now();
      const { ticks } = await stateOf(asleep);
      expect(ticks - before.ticks).toBeLessThan(SLEEP_MS / 200); // it was asleep, and not only said to be
      await new Promise((resolve) => setTimeout(resolve, 4_000)); // longer than a death takes to be noticed
      const after = await until('both again', asleep, hasAll(ids));
      expect([after.relay, after.changes]).toEqual([before.relay, before.changes]);
      // It still notices a death.
      relays.kill(after.relay);
      const moved = await until('another relay', asleep, ({ relay }) => relay !== after.relay);
      process.stdout.write(
        `tabs: asleep for ${SLEEP_MS / 1000} s, no change by itself in ${moved.changes.at(-1)!.atMs - wokenAtMs} ms after it woke\n`,
      );
      for (const page of [awake, asleep]) await page.context().close();
    },
    150_000 + SLEEP_MS,
  );

  it('a page whose network goes and comes back is at its relay again, and sees everybody', async () => {
    const [home, away] = [await openPage(browser, pages.url), await openPage(browser, pages.url)];
    const ids = await Promise.all([home, away].map((page) => callPage<string>(page, 'enter', relays.urls)));
    for (const page of [home, away]) await until('both', page, hasAll(ids));
    const { relay } = await stateOf(away);
    const network = async (offline: boolean): Promise<void> => {
      const session = await away.context().newCDPSession(away);
      await session.send('Network.enable');
      const none = { latency: 0, downloadThroughput: -1, uploadThroughput: -1 };
      await session.send('Network.emulateNetworkConditions', { offline, ...none });
      await away.context().setOffline(offline);
    };
    await network(true);
    await new Promise((resolve) => setTimeout(resolve, 4_000));
    await network(false);
    const backAtMs = Date.now();
    const back = await until('its relay', away, (state) => state.relay === relay && hasAll(ids)(state));
    process.stdout.write(
      `tabs: network away for 4 s, ${back.changes.length} changes of relay, at the first again ${Date.now() - backAtMs} ms after\n`,
    );
    await until('the other', home, hasAll(ids));
    for (const page of [home, away]) await page.context().close();
  }, 150_000);
});
