// The pages for whoever has a keyboard, a screen reader, or a link that is not quite right, in a real Chromium.
import { describeWithChromium, servePages, type Page } from '../../../../test/support/chromium.ts';
import { requireTool } from '../../../../test/support/tools.ts';
import { startSite, type RunningSite } from '../support/running-site.ts';
import { seedShelf } from '../support/shelf.ts';
import type { StockPage } from '../support/stock-seeder.ts';
import { until } from '../support/viewer.ts';

const LONG_MS = 120_000;
const focused = (page: Page): Promise<unknown> =>
  page.evaluate('document.activeElement.textContent.trim().slice(0, 20) || document.activeElement.localName');

requireTool('ffmpeg')('the pages with a keyboard', () => {
  describeWithChromium('in Chromium', () => {
    let site: RunningSite;
    let shelf: StockPage;
    beforeAll(async () => {
      site = await startSite();
      shelf = await seedShelf(site.browser, site.relays.urls);
    }, LONG_MS);
    afterAll(async () => {
      await shelf.close();
      await site.stop();
    });

    it.each(['/watch', '/embed'])(
      '%s: the question is answered by a key, and the next key is for the player',
      async (path) => {
        const page = await site.open(`${site.pages}${path}?muted=1&file=film#${shelf.magnet}`);
        const share = page.getByRole('button', { name: 'Watch and pass on' });
        await share.focus();
        await page.keyboard.press('Enter');
        expect(await page.evaluate('document.activeElement.localName')).toBe('media-controller');
        await until(page, 'playing', ({ time }) => time > 0.3);
        await page.keyboard.press('k');
        await until(page, 'paused by a key', ({ paused }) => paused);
        await page.context().close();
      },
      LONG_MS,
    );

    it(
      'reaches every control of /seed and /embed-code by the tab key, and shows where it is',
      async () => {
        for (const path of ['/seed', '/embed-code']) {
          const page = await site.open(site.pages + path);
          await page.evaluate(
            `document.querySelectorAll('.drop').forEach((drop) => (drop.dataset.border = getComputedStyle(drop).borderColor))`,
          );
          for (let presses = 0; presses < 80; presses++) {
            await page.keyboard.press('Tab');
            if (await page.evaluate('document.activeElement === document.body')) break;
            // The chooser of files is drawn as the place to drop them, which is what shows the focus.
            const isShown = `(() => {
              document.activeElement.dataset.reached = '';
              const focused = document.activeElement.closest('.drop') ?? document.activeElement;
              const { outlineStyle, borderColor } = getComputedStyle(focused);
              return outlineStyle !== 'none' || (focused.matches('.drop') && borderColor !== focused.dataset.border);
            })()`;
            expect([await focused(page), await page.evaluate(isShown)]).toEqual([expect.anything(), true]);
          }
          const missed = `[...document.querySelectorAll('input, select, textarea, button, a[href], summary')]
            .filter((one) => one.checkVisibility() && !one.disabled && !('reached' in one.dataset))
            .map((one) => one.id || one.name || one.textContent.trim())`;
          expect(await page.evaluate(missed)).toEqual([]);
          expect(await page.evaluate(`document.querySelectorAll('[data-reached]').length`)).toBeGreaterThan(
            7,
          );
          await page.context().close();
        }
      },
      LONG_MS,
    );

    it.each(['dark', 'light'] as const)(
      'has examples in its fields that can be read (%s): as quiet as other quiet words, and no quieter',
      async (colorScheme) => {
        const page = await site.open(`${site.pages}/watch`, await site.browser.newContext({ colorScheme }));
        const [example, quiet] = await page.evaluate<[string, string]>(`[
          getComputedStyle(document.querySelector('#source'), '::placeholder').color,
          getComputedStyle(document.querySelector('.bottom')).color,
        ]`);
        expect(example).toBe(quiet);
        await page.context().close();
      },
      LONG_MS,
    );

    it(
      'says that something was copied, for whoever does not see the button',
      async () => {
        const context = await site.browser.newContext({ permissions: ['clipboard-read', 'clipboard-write'] });
        const page = await site.open(`${site.pages}/`, context);
        await page.getByRole('button', { name: 'Copy' }).click();
        await page.locator('#said', { hasText: 'Copied' }).waitFor();
        expect(await page.evaluate('navigator.clipboard.readText()')).toBe(site.relays.urls[0]);
        await page.getByRole('button', { name: 'Copy', exact: true }).waitFor(); // and not for ever
        await context.close();
      },
      LONG_MS,
    );

    it(
      'says that a file is no longer shared, and goes on where the next one is chosen',
      async () => {
        const page = await site.open(`${site.pages}/seed`);
        const buffer = Buffer.from('notes');
        await page.locator('#files').setInputFiles({ name: 'notes.txt', mimeType: 'text/plain', buffer });
        await page.getByRole('button', { name: 'Stop sharing' }).press('Enter');
        await page.getByRole('status').filter({ hasText: '"notes.txt" is no longer shared.' }).waitFor();
        expect(await page.evaluate('document.activeElement.id')).toBe('files');
        expect(await page.locator('#open-note').isVisible()).toBe(false);
        await page.context().close();
      },
      LONG_MS,
    );

    it(
      'says so where there is nothing in what was chosen',
      async () => {
        const page = await site.open(`${site.pages}/seed`);
        const buffer = Buffer.alloc(0);
        await page.locator('#files').setInputFiles({ name: 'empty.txt', mimeType: 'text/plain', buffer });
        await page.locator('#status', { hasText: 'Nothing to share here: it is empty.' }).waitFor();
        await page.context().close();
      },
      LONG_MS,
    );

    it(
      'gives a link that is not quite right back, to be mended',
      async () => {
        const page = await site.open(`${site.pages}/watch#film`);
        const source = page.getByLabel('Magnet link, info hash or address of a .torrent');
        await page.getByRole('button', { name: 'Try again' }).waitFor();
        expect(await source.inputValue()).toBe('film');
        const colourOf = (property: string) =>
          source.evaluate((field, name) => getComputedStyle(field).getPropertyValue(name), property);
        expect(await colourOf('border-color')).toBe(
          await page.locator('#source-fault').evaluate((hint) => getComputedStyle(hint).color),
        );
        await source.fill(shelf.magnet);
        await source.press('Enter');
        await page.getByRole('button', { name: 'Watch and pass on' }).waitFor();
        await page.context().close();
      },
      LONG_MS,
    );

    it(
      'tells a viewer who saves data, and one whose link says so, that nothing goes on to others',
      async () => {
        const page = await site.open(`${site.pages}/watch?p2p=download-only#${shelf.magnet}`);
        await until(page, 'the question', ({ text }) => text.includes('nothing goes on to others from you'));
        expect(await page.getByRole('button', { name: 'Watch', exact: true }).count()).toBe(1);
        expect(await page.locator('#share-note').innerText()).toContain('because its link says so');
        const saver = await site.browser.newContext();
        await saver.addInitScript(
          "Object.defineProperty(navigator, 'connection', { value: { saveData: true } })",
        );
        const saving = await site.open(`${site.pages}/watch#${shelf.magnet}`, saver);
        await until(saving, 'the question', ({ text }) =>
          text.includes('nothing goes on to others from you'),
        );
        expect(await saving.locator('#share-note').innerText()).toContain('To spare your connection');
        await Promise.all([page.context().close(), saver.close()]);
      },
      LONG_MS,
    );

    it(
      'has the whole question within a frame on a small phone, in our pages and in those of others',
      async () => {
        const viewport = { width: 288, height: 162 };
        const others = await servePages({
          '/': `<!doctype html><title>others</title><style>body{margin:0}swarm-video{width:100vw;height:100vh}</style>
            <script type="module" src="${site.pages}/swarm-video.js"></script>
            <swarm-video consent src="${shelf.magnet.replaceAll('&', '&amp;')}"></swarm-video>`,
        });
        for (const url of [`${site.pages}/embed#${shelf.magnet}`, others.url]) {
          const page = await site.open(url, await site.browser.newContext({ viewport }));
          await page.getByRole('button', { name: 'Watch and pass on' }).waitFor();
          const sizes = await page
            .locator('.over[part=consent]')
            .evaluate(({ scrollHeight, clientHeight }) => ({
              isWhole: scrollHeight <= clientHeight,
              clientHeight,
            }));
          expect([url, sizes]).toEqual([url, { isWhole: true, clientHeight: viewport.height }]);
          await page.context().close();
        }
        await others.close();
      },
      LONG_MS,
    );

    it(
      'has nothing that turns where a viewer wants no motion',
      async () => {
        for (const reducedMotion of ['reduce', 'no-preference'] as const) {
          const context = await site.browser.newContext({ reducedMotion });
          const page = await site.open(`${site.pages}/watch?warningTitle=0#${'ab'.repeat(20)}`, context);
          await page.locator('media-loading-indicator').waitFor({ state: 'attached' });
          const turning = await page.evaluate(
            "document.querySelector('media-loading-indicator [slot=icon]') === null",
          );
          expect(turning).toBe(reducedMotion === 'no-preference');
          await context.close();
        }
      },
      LONG_MS,
    );
  });
});
