// Twelve real members of one room, as users have them: Chromium in several contexts, Firefox, and Node. What happens to them is the same whatever server
// introduces them; whoever tests brings that server, and a way to kill it.
import { cleanup } from 'node-datachannel';
import {
  callPage,
  describeWithChromium,
  launchChromium,
  openPage,
  servePages,
  type Browser,
  type Page,
  type PageServer,
} from '../../../../test/support/chromium.ts';
import {
  describeWithFirefox,
  launchFirefox,
  type Browser as Firefox,
  type Page as FirefoxPage,
} from '../../../../test/support/firefox.ts';
import { joinFromNode } from '../../src/node.ts';
import { memberPage } from './member-page.ts';
import { memberProgram, type MemberState } from './member-program.ts';
import { untilWithin } from '../../../../test/support/until.ts';

export interface MortalServer {
  /** Of its signaling. */
  readonly url: string;
  kill(): Promise<void>;
  bringBack(): Promise<void>;
  /** Nothing is left of it. */
  stop(): Promise<void>;
}

const ROOM = 'everybody';
/** Bars are for a machine of its own; nothing here waits for a time, only for what must come. */
const until = untilWithin(60_000);

const describeWithBoth = describeWithChromium === describe ? describeWithFirefox : describeWithChromium;

export function describeTwelve(title: string, start: () => Promise<MortalServer>): void {
  describeWithBoth(title, () => {
    let server: MortalServer;
    let pages: PageServer;
    let chromium: Browser;
    let firefox: Firefox;
    let contexts: Page[] = [];
    let firefoxPage: FirefoxPage;
    const node = memberProgram(joinFromNode);
    let killed = 0;

    const call = async <T>(page: Page | FirefoxPage, name: string, ...args: unknown[]): Promise<T> =>
      page === firefoxPage
        ? ((await firefoxPage.evaluate(`program[${JSON.stringify(name)}](...${JSON.stringify(args)})`)) as T)
        : callPage<T>(page as Page, name, ...args);
    const browserPages = (): (Page | FirefoxPage)[] => [...contexts, firefoxPage];
    const states = async (): Promise<MemberState[]> => [
      ...(await Promise.all(browserPages().map((page) => call<MemberState[]>(page, 'state')))).flat(),
      ...node.state(),
    ];
    const isWhole = async (count: number): Promise<boolean> =>
      (await states()).every(({ members, parts, links }) => members === count && parts === 1 && links >= 3);
    const enterNode = (count: number): Promise<void> => node.enter(count, ROOM, { signaling: server.url });
    const broadcastAll = async (text: string): Promise<void> => {
      await Promise.all([
        ...browserPages().map((page) => call(page, 'broadcast', text)),
        node.broadcast(text),
      ]);
    };
    /** How many were heard, and how many of them twice. */
    const count = async (text: string): Promise<[number, number]> => {
      const counts = await Promise.all(
        browserPages().map((page) => call<[number, number]>(page, 'count', text)),
      );
      counts.push([...node.count(text)]);
      return [counts.reduce((sum, [n]) => sum + n, 0), counts.reduce((sum, [, n]) => sum + n, 0)];
    };

    beforeAll(async () => {
      server = await start();
      pages = await servePages(await memberPage());
      [chromium, firefox] = await Promise.all([launchChromium(), launchFirefox()]);
      contexts = await Promise.all([1, 2, 3, 4].map(() => openPage(chromium, pages.url)));
      firefoxPage = await firefox.newPage();
      await firefoxPage.goto(pages.url);
      await firefoxPage.waitForFunction('globalThis.program !== undefined');
    }, 120_000);

    afterAll(async () => {
      node.abandon();
      await Promise.all([chromium.close(), firefox.close()]);
      await pages.close();
      await server.stop();
      cleanup();
    }, 60_000);

    it('form one mesh, and everybody hears everybody once', async () => {
      await Promise.all([
        ...browserPages().map((page) => call(page, 'enter', 2, ROOM, { signaling: server.url })),
        enterNode(2),
      ]);
      const tookMs = await until('one mesh of twelve', () => isWhole(12));
      process.stderr.write(`${title}: one mesh after ${Math.round(tookMs)} ms\n`);
      await broadcastAll('first');
      await until('132 messages', async () => (await count('first'))[0] >= 132);
      expect(await count('first')).toEqual([132, 0]);
    }, 120_000);

    it('lose nothing while their server is gone, and let a newcomer in once it is back', async () => {
      await Promise.all([broadcastAll('meanwhile'), server.kill()]);
      await until('the loss to be noticed', async () =>
        (await states()).every(({ servers }) => servers === 0),
      );
      await broadcastAll('alone');
      for (const text of ['meanwhile', 'alone']) {
        await until('132 messages', async () => (await count(text))[0] >= 132);
        expect(await count(text)).toEqual([132, 0]);
      }
      await server.bringBack();
      await enterNode(1);
      await until('one mesh of thirteen', () => isWhole(13));
    }, 150_000);

    it('notice members that vanish, and mend the mesh', async () => {
      await contexts.pop()!.context().close(); // two members, without a word
      killed = 2;
      await broadcastAll('fewer');
      const all = (13 - killed) * (12 - killed);
      await until(`${all} messages`, async () => (await count('fewer'))[0] >= all);
      await until('one mesh of eleven', () => isWhole(13 - killed));
      expect(await count('fewer')).toEqual([all, 0]);
    }, 120_000);
  });
}
