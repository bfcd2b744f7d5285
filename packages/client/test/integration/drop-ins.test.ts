// Every library that the client keeps on its relays, in Chromium and Firefox, against three real relays of which one is killed in the middle:
// all of them begin at the relay that will die. Connections outlive it, all pages meet again at the next one, and newcomers find them there.
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import {
  describeWithChromium,
  launchChromium,
  openPage,
  serveProgram,
  type Browser,
  type PageServer,
} from '../../../../test/support/chromium.ts';
import {
  describeWithFirefox,
  launchFirefox,
  type Browser as Firefox,
} from '../../../../test/support/firefox.ts';
import { startRelays, type Relays } from '../support/relays.ts';
import { untilWithin } from '../../../../test/support/until.ts';

interface Page {
  evaluate(script: string): Promise<unknown>;
}
interface State {
  readonly relay: string;
  readonly heard: readonly string[];
}

const KINDS = ['webtorrent', 'tracker', 'trystero', 'media', 'peerjs', 'webrtc'] as const;
type Kind = (typeof KINDS)[number];
/** Downloads: what a guest has heard once it has everything. Conversations: who greets whom. */
const DOWNLOADS: Partial<Record<Kind, string>> = { webtorrent: 'done', media: 'p2p' };
const SOON_MS = 60_000;
const until = untilWithin(SOON_MS);

const call = async <T>(page: Page, name: string, ...args: readonly unknown[]): Promise<T> =>
  (await page.evaluate(`program[${JSON.stringify(name)}](...${JSON.stringify(args)})`)) as T;
const heard = async (page: Page, kind: Kind): Promise<readonly string[]> =>
  (await call<State>(page, 'state', kind)).heard;

const describeWithBoth = describeWithChromium === describe ? describeWithFirefox : describeWithChromium;

describeWithBoth('three relays, one of them killed', () => {
  let chromium: Browser;
  let firefox: Firefox;
  let relays: Relays;
  let pages: PageServer;
  let host: Page;
  let guest: Page;
  let newcomer: Page;
  let dying: string;
  const infos = new Map<Kind, unknown>();

  /** Greeted by a guest, or a whole download. */
  const hasMet = async (kind: Kind, who: string, page: Page): Promise<boolean> => {
    const whole = DOWNLOADS[kind];
    return whole === undefined
      ? (await Promise.all([host, guest].map((one) => heard(one, kind)))).flat().includes(`${who} is here`)
      : (await heard(page, kind)).includes(whole);
  };

  beforeAll(async () => {
    const module = join(import.meta.dirname, '..', 'support', 'drop-ins-page.mjs');
    [chromium, firefox, relays] = await Promise.all([
      launchChromium(),
      launchFirefox(),
      startRelays(3, {}, { hasPeerjs: true }),
    ]);
    const files = { '/film.bin': randomBytes(100_000) };
    pages = await serveProgram(`export * from ${JSON.stringify(module)}`, import.meta.dirname, files);
    dying = relays.urls[1]!;
    [host, newcomer] = await Promise.all([openPage(chromium, pages.url), openPage(chromium, pages.url)]);
    const page = await firefox.newPage();
    await page.goto(pages.url);
    await page.waitForFunction('globalThis.program !== undefined', { timeout: SOON_MS });
    guest = page;
    for (const each of [host, guest]) await call(each, 'load', relays.urls, dying);
    for (const kind of KINDS) infos.set(kind, await call(host, 'begin', kind, 'host'));
    for (const kind of KINDS) await call(guest, 'begin', kind, 'guest', infos.get(kind));
  }, 180_000);

  afterAll(async () => {
    await Promise.all([chromium.close(), firefox.close()]);
    await Promise.all([relays.stop(), pages.close()]);
  });

  it.each(KINDS)(
    '%s: Chromium and Firefox meet at the relay that leads',
    async (kind) => {
      await until(`${kind} to meet`, () => hasMet(kind, 'guest', guest));
      for (const page of [host, guest]) expect((await call<State>(page, 'state', kind)).relay).toBe(dying);
    },
    SOON_MS + 10_000,
  );

  it(
    'the relay dies, and each library is at the next one',
    async () => {
      const killedAtMs = Date.now();
      relays.kill(dying);
      for (const kind of KINDS)
        for (const page of [host, guest])
          await until(
            `${kind} to move`,
            async () => (await call<State>(page, 'state', kind)).relay !== dying,
          );
      process.stdout.write(`drop-ins: all at another relay ${Date.now() - killedAtMs} ms after the kill\n`);
      for (const kind of KINDS) {
        const [one, two] = [await call<State>(host, 'state', kind), await call<State>(guest, 'state', kind)];
        expect([kind, one.relay]).toEqual([kind, two.relay]);
      }
    },
    SOON_MS + 10_000,
  );

  it.each(KINDS.filter((kind) => DOWNLOADS[kind] === undefined))(
    '%s: what was connected stays so',
    async (kind) => {
      await call(host, 'say', kind, 'still here');
      await until('the words', async () => (await heard(guest, kind)).includes('still here'));
      // Over the same connection: nobody had to greet again. (Bare tracker clients connect as often as they hear of each other.)
      const greetings = (await heard(host, kind)).filter((text) => text === 'guest is here');
      if (kind !== 'tracker') expect(greetings).toHaveLength(1);
    },
    SOON_MS + 10_000,
  );

  it.each(KINDS)(
    '%s: a newcomer meets them at the next relay',
    async (kind) => {
      if (kind === KINDS[0]) await call(newcomer, 'load', relays.urls, dying);
      await call(newcomer, 'begin', kind, 'newcomer', infos.get(kind));
      await until(`${kind} to meet`, () => hasMet(kind, 'newcomer', newcomer));
    },
    SOON_MS + 10_000,
  );
});
