// What a viewer keeps for himself, in a real Chromium: the magnet stays in his browser, no page asks anybody else for anything, and who saves
// data passes nothing on.
import { describeWithChromium, type Page } from '../../../../test/support/chromium.ts';
import { requireTool } from '../../../../test/support/tools.ts';
import { startSite, type RunningSite } from '../support/running-site.ts';
import { seedShelf } from '../support/shelf.ts';
import type { StockPage } from '../support/stock-seeder.ts';
import { act, until } from '../support/viewer.ts';

const LONG_MS = 120_000;

requireTool('ffmpeg')('the privacy of a viewer', () => {
  describeWithChromium('in Chromium', () => {
    let site: RunningSite;
    let shelf: StockPage;
    let infoHash: string;
    beforeAll(async () => {
      site = await startSite();
      shelf = await seedShelf(site.browser, site.relays.urls);
      infoHash = /btih:([0-9a-f]{40})/.exec(shelf.magnet)![1]!;
    }, LONG_MS);
    afterAll(async () => {
      await shelf.close().catch(() => undefined); // closed by the last test already
      await site.stop();
    });

    /** Opens a page, and writes down whom it asks and what its policy has forbidden. */
    const overhear = async (
      path: string,
    ): Promise<{ page: Page; asked: readonly string[]; forbidden: readonly string[] }> => {
      const context = await site.browser.newContext();
      const [asked, forbidden]: [string[], string[]] = [[], []];
      context.on('request', (request) => {
        const isLocal = /^(blob|data):/.test(request.url());
        if (!isLocal) asked.push(`${request.url()} ${request.postData() ?? ''}`);
      });
      context.on('console', (message) => {
        if (/content security policy/i.test(message.text())) forbidden.push(message.text());
      });
      const page = await site.open(`${site.pages}${path}`, context);
      return { page, asked, forbidden };
    };

    it(
      'the magnet of a link is told to no server, and nobody else is asked for anything',
      async () => {
        const { page, asked, forbidden } = await overhear(
          `/watch?muted=1&autoplay=1&warningTitle=0&file=film#${shelf.magnet}`,
        );
        await until(page, 'playing', ({ time }) => time > 0.5);
        expect(asked.length).toBeGreaterThan(3);
        expect(asked.filter((one) => !one.startsWith(site.pages))).toEqual([]);
        expect(asked.filter((one) => one.includes(infoHash))).toEqual([]);
        expect(forbidden).toEqual([]);
        await page.context().close();
      },
      LONG_MS,
    );

    it(
      'a magnet in the query moves into the fragment of the address that is passed on',
      async () => {
        const { page } = await overhear(`/watch?muted=1&magnet=${encodeURIComponent(shelf.magnet)}`);
        await page.waitForFunction("!location.search.includes('magnet')");
        expect(new URL(page.url()).search).toBe('?muted=1');
        expect(new URL(page.url()).hash).toContain(infoHash);
        await page.context().close();
      },
      LONG_MS,
    );

    it.each(['/', '/watch', '/seed', '/embed', '/embed-code', '/mesh', '/status', '/lab'])(
      '%s asks nobody else, and its policy forbids nothing that it does',
      async (path) => {
        const { page, asked, forbidden } = await overhear(path);
        await page.waitForLoadState('networkidle');
        expect([asked.filter((one) => !one.startsWith(site.pages)), forbidden]).toEqual([[], []]);
        await page.context().close();
      },
      LONG_MS,
    );

    it(
      'who saves data passes nothing on, until that changes',
      async () => {
        const context = await site.browser.newContext();
        await context.addInitScript(
          `globalThis.line = { saveData: true }; Object.defineProperty(navigator, 'connection', { get: () => globalThis.line });`,
        );
        const query = 'muted=1&autoplay=1&warningTitle=0&file=film';
        const saver = await site.open(`${site.pages}/watch?${query}#${shelf.magnet}`, context);
        await until(saver, 'the end', ({ ended }) => ended);
        await shelf.close(); // nobody else has it
        const other = await site.open(`${site.pages}/watch?${query}#${shelf.magnet}`);
        // Whoever is interested is chosen among once more, as WebTorrent does every ten seconds.
        const served = (): Promise<unknown> =>
          act(
            saver,
            `for (;;) {
              const torrent = video.files[0]?._torrent;
              const [asking] = (torrent?.wires ?? []).filter(({ peerInterested }) => peerInterested);
              if (asking !== undefined) {
                torrent._rechoke();
                return !asking.amChoking;
              }
              await new Promise((done) => setTimeout(done, 100));
            }`,
          );
        expect(await served()).toBe(false);
        expect(await act(saver, 'return video.getStats().uploaded')).toBe(0);
        await act(saver, 'globalThis.line = {}; video.load()');
        await until(other, 'the film', ({ time }) => time > 0.5);
        await other.context().close();
        await context.close();
      },
      LONG_MS,
    );
  });
});
