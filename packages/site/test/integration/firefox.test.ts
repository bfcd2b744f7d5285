// The same in a real Firefox: a file is shared from /seed, the generator's code is pasted into a page of another origin, and the film plays there and
// at /watch, from Firefox to Firefox.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { servePages, type PageServer } from '../../../../test/support/chromium.ts';
import { requireTool } from '../../../../test/support/tools.ts';
import {
  describeWithFirefox,
  launchFirefox,
  type Browser,
  type Page,
} from '../../../../test/support/firefox.ts';
import { FILM_SECONDS, makeFilm } from '../support/film.ts';
import { startPages, type RunningPages } from '../support/running-site.ts';
import { act, until } from '../support/viewer.ts';

const LONG_MS = 120_000;

requireTool('ffmpeg')('the pages', () => {
  describeWithFirefox('in Firefox', () => {
    let site: RunningPages;
    let browser: Browser;
    let folder: string;
    let blog: PageServer | undefined;
    let magnet: string;
    /** In a context of its own, which shares nothing with other pages. */
    const open = async (url: string): Promise<Page> => {
      const page = await (await browser.createBrowserContext()).newPage();
      await page.goto(url);
      return page;
    };
    const textOf = async (page: Page, selector: string): Promise<string> => {
      const found = await page.waitForSelector(selector, { timeout: LONG_MS });
      return found!.evaluate((element) => element.textContent);
    };

    beforeAll(async () => {
      [site, browser] = [await startPages(1), await launchFirefox()];
      folder = await mkdtemp(join(tmpdir(), 'firefox-'));
      await writeFile(join(folder, 'film.webm'), await makeFilm());
    }, LONG_MS);
    afterAll(async () => {
      await browser.close();
      await Promise.all([site.stop(), blog?.close()]);
      await rm(folder, { recursive: true, force: true });
    });

    it(
      'share a chosen file',
      async () => {
        const page = await open(`${site.pages}/seed`);
        const input = (await page.$('#files')) as unknown as {
          uploadFile(...paths: string[]): Promise<void>;
        };
        await input.uploadFile(join(folder, 'film.webm'));
        magnet = (await textOf(page, '.code.link')).split('#')[1]!;
        expect(magnet).toMatch(/^magnet:\?xt=urn:btih:[0-9a-f]{40}&dn=film\.webm&tr=ws/);
      },
      LONG_MS,
    );

    it(
      "play in a page of others with the generator's code, seek, and finish",
      async () => {
        const generator = await open(`${site.pages}/embed-code`);
        await generator.evaluate(`(() => {
          const set = (selector, change) => { const field = document.querySelector(selector); change(field); field.dispatchEvent(new Event('input', { bubbles: true })); };
          set('#source', (field) => (field.value = ${JSON.stringify(magnet)}));
          for (const name of ['autoplay', 'muted']) set('[name=' + name + ']', (field) => (field.checked = true));
          set('[name=warningTitle]', (field) => (field.checked = false));
        })()`);
        const code = await textOf(generator, '#code');
        expect(code).toContain('<iframe src="');
        blog = await servePages({ '/': `<!doctype html><title>blog</title><h1>Blog</h1>${code}` });
        const page = await open(blog.url);
        const frame = await page.waitForFrame((one) => one.url().includes('/embed'), { timeout: LONG_MS });
        const playing = await until(frame, 'playing', ({ time }) => time > 0.5);
        expect(playing.way).toBe('stream');
        expect(playing.duration).toBeCloseTo(FILM_SECONDS, 0);
        await act(frame, 'video.currentTime = video.duration - 2');
        const end = await until(frame, 'the end', ({ ended }) => ended);
        expect(end.fromPeers).toBeGreaterThan(0);
      },
      LONG_MS,
    );

    it(
      'play at /watch, after the question about sharing',
      async () => {
        const page = await open(`${site.pages}/watch?muted=1#${magnet}`);
        await until(page, 'the question', ({ text }) => text.includes('They see your internet'));
        await page.evaluate(`document.querySelector('.over button.primary').click()`);
        await until(page, 'playing', ({ time, way }) => time > 0.5 && way === 'stream');
      },
      LONG_MS,
    );
  });
});
