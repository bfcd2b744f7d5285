// A file that is no film, in a real Chromium: whoever has its link saves it, and so does whoever wants a film as a file.
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { embedFrame } from '@relay-swarm/protocol/embed';
import { describeWithChromium, servePages, type Page } from '../../../../test/support/chromium.ts';
import { startSite, type RunningSite } from '../support/running-site.ts';
import { agree } from '../support/viewer.ts';

const LONG_MS = 120_000;

describeWithChromium('a file that cannot be shown', () => {
  let site: RunningSite;
  let seedPage: Page;
  beforeAll(async () => {
    site = await startSite();
    seedPage = await site.open(`${site.pages}/seed`);
  }, LONG_MS);
  afterAll(() => site.stop());

  it(
    'has a link and no code to embed it',
    async () => {
      const buffer = Buffer.from('Meeting at nine');
      await seedPage.locator('#files').setInputFiles({ name: 'notes.txt', mimeType: 'text/plain', buffer });
      await seedPage.locator('.label', { hasText: /^Link$/ }).waitFor();
      expect(await seedPage.getByRole('button', { name: 'Copy embed' }).count()).toBe(0);
    },
    LONG_MS,
  );

  it.each(['auto', 'download-only'])(
    'is saved from the list by whoever opens the link (p2p=%s)',
    async (p2p) => {
      const link = ((await seedPage.locator('.code.link').textContent()) ?? '').replace('#', `?p2p=${p2p}#`);
      const page = await (await site.browser.newContext()).newPage();
      await page.clock.install();
      await page.goto(link);
      if (p2p === 'auto') await agree(page);
      else await page.getByRole('button', { name: 'Watch', exact: true }).click();
      const save = page.getByRole('button', { name: 'Save: notes.txt' });
      await save.waitFor();
      expect(await page.locator('h1').innerText()).toBe('notes.txt');
      expect(await page.locator('#files-note').isVisible()).toBe(true);
      expect(await page.locator('#files').getByRole('button', { name: 'Play' }).count()).toBe(0);
      const [download] = await Promise.all([page.waitForEvent('download'), save.click()]);
      expect(download.suggestedFilename()).toBe('notes.txt');
      expect(await readFile(await download.path(), 'utf8')).toBe('Meeting at nine');
      expect(await page.locator('iframe').count()).toBe(1); // it has begun, which no browser tells a page
      await page.clock.fastForward(60_000);
      await page.locator('iframe').waitFor({ state: 'detached' });
      await page.context().close();
    },
    LONG_MS,
  );

  it(
    'is saved with another one, in the same moment',
    async () => {
      const other = await site.open(`${site.pages}/seed`);
      const texts = { 'one.txt': 'The first', 'two.txt': 'The second' };
      await other.locator('#files').setInputFiles(
        Object.entries(texts).map(([name, text]) => ({
          name,
          mimeType: 'text/plain',
          buffer: Buffer.from(text),
        })),
      );
      const page = await site.open((await other.locator('.code.link').textContent()) ?? '');
      await agree(page);
      await page.getByRole('button', { name: /^Save: .*two\.txt/ }).waitFor();
      const saved = new Map<string, string>();
      const both = new Promise<void>((resolve) => {
        page.on('download', (download) => {
          void download.path().then(async (path) => {
            saved.set(download.suggestedFilename(), await readFile(path, 'utf8'));
            if (saved.size === 2) resolve();
          });
        });
      });
      await page.evaluate(
        "for (const button of document.querySelectorAll('#files [aria-label^=Save]')) button.click()",
      );
      await both;
      expect(Object.fromEntries(saved)).toEqual(texts);
      await Promise.all([page.context().close(), other.context().close()]);
    },
    LONG_MS,
  );

  it.each(['/watch', 'a page of others'])(
    'is saved from the player, which says that it cannot play it (%s)',
    async (where) => {
      const noise = randomBytes(200_000);
      const other = await site.open(`${site.pages}/seed`);
      await other
        .locator('#files')
        .setInputFiles({ name: 'noise.webm', mimeType: 'video/webm', buffer: noise });
      const link = (await other.locator('.code.link').textContent()) ?? '';
      const url = link.replace('#', '?warningTitle=0#');
      const frame = embedFrame({ url: url.replace('/watch', '/embed'), title: 'Noise' });
      const others = await servePages({ '/': `<!doctype html><title>others</title>${frame}` });
      const page = await site.open(where === '/watch' ? url : others.url);
      const player = where === '/watch' ? page : page.frameLocator('iframe');
      const download = player.getByRole('button', { name: 'Download' });
      await download.waitFor();
      const [got] = await Promise.all([page.waitForEvent('download'), download.click()]);
      expect(got.suggestedFilename()).toBe('noise.webm');
      expect((await readFile(await got.path())).equals(noise)).toBe(true);
      await Promise.all([page.context().close(), other.context().close(), others.close()]);
    },
    LONG_MS,
  );
});
