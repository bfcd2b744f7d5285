// From a chosen file to a player in somebody else's page: /seed, the generator's code, and many embeds at once, in a real Chromium.
import { readFile } from 'node:fs/promises';
import decodeQR from 'qr/decode.js';
import {
  describeWithChromium,
  servePages,
  type BrowserContext,
  type Page,
  type PageServer,
} from '../../../../test/support/chromium.ts';
import { requireTool } from '../../../../test/support/tools.ts';
import { makeFilm } from '../support/film.ts';
import { startSite, type RunningSite } from '../support/running-site.ts';
import { act, until } from '../support/viewer.ts';

const axe = await readFile(new URL('../../../../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');
const LONG_MS = 120_000;
const TABS = 3;
const REQUESTS_PER_EMBED = 10;

requireTool('ffmpeg')('seeding and embedding', () => {
  describeWithChromium('in Chromium', () => {
    let site: RunningSite;
    let others: PageServer | undefined;
    let seedPage: Page;
    let magnet: string;
    beforeAll(async () => {
      site = await startSite();
      seedPage = await site.open(`${site.pages}/seed`);
      const film = {
        name: 'film.webm',
        mimeType: 'video/webm',
        buffer: await makeFilm(),
      };
      await seedPage.locator('#files').setInputFiles(film);
      const link = seedPage.locator('.code.link');
      await link.waitFor();
      magnet = ((await link.textContent()) ?? '').split('#')[1]!;
    }, LONG_MS);
    afterAll(async () => {
      await site.stop();
      await others?.close();
    });

    it('makes a magnet of the chosen file, with a relay in it', () => {
      expect(magnet).toMatch(/^magnet:\?xt=urn:btih:[0-9a-f]{40}&dn=film\.webm&tr=ws/);
    });

    it('has timers that go on in the background: they run in a worker', async () => {
      const seen = await seedPage.evaluate(`new Promise((resolve) => {
        let ticks = 0;
        let word;
        const ended = setTimeout(() => resolve('one that was ended'), 5);
        clearTimeout(ended);
        setTimeout((text) => (word = text), 1, 'an argument');
        const every = setInterval(() => {
          if (++ticks < 3 || word === undefined) return;
          clearInterval(every);
          resolve([ended >= 2 ** 40, ticks >= 3, word]);
        }, 10);
      })`);
      expect(seen).toEqual([true, true, 'an argument']);
    });

    it(
      'shows the link as a QR code, which a camera reads',
      async () => {
        const size = 480;
        // A character for each pixel: 1 is dark.
        const [link, pixels] = await seedPage.evaluate<[string, string]>(`(async () => {
          const svg = document.querySelector('.qr svg');
          const picture = new Image();
          picture.src = 'data:image/svg+xml,' + encodeURIComponent(new XMLSerializer().serializeToString(svg));
          await picture.decode();
          const canvas = Object.assign(document.createElement('canvas'), { width: ${size}, height: ${size} });
          const context = canvas.getContext('2d');
          context.fillStyle = 'white';
          context.fillRect(0, 0, ${size}, ${size});
          context.drawImage(picture, 20, 20, ${size - 40}, ${size - 40});
          const { data } = context.getImageData(0, 0, ${size}, ${size});
          let pixels = '';
          for (let at = 0; at < data.length; at += 4) pixels += data[at] < 128 ? '1' : '0';
          return [document.querySelector('.code.link').textContent, pixels];
        })()`);
        const data = Uint8Array.from(
          [...pixels].flatMap((dark) => (dark === '1' ? [0, 0, 0] : [255, 255, 255])),
        );
        expect(decodeQR({ width: size, height: size, data })).toBe(link);
      },
      LONG_MS,
    );

    it.each([
      ['/', ''],
      ['/watch', ''],
      ['/watch?muted=1#MAGNET', '.over button'],
      ['/watch?muted=1&autoplay=1&warningTitle=0&stats=1#MAGNET', 'swarm-video .stats'],
      ['/embed?muted=1&warningTitle=0#MAGNET', 'media-captions-button'],
      ['/seed', ''],
      ['/embed-code#MAGNET', '#preview iframe'],
      ['/status', '#ring svg'],
      ['/mesh', '#graph svg'],
    ])(
      'finds nothing to object to in %s, dark on a small phone and light on a desk (axe)',
      async (path, selector) => {
        for (const [colorScheme, width] of [
          ['dark', 320],
          ['light', 1200],
        ] as const) {
          const context = await site.browser.newContext({
            colorScheme,
            viewport: { width, height: 700 },
            bypassCSP: true,
          });
          const page = await site.open(site.pages + path.replace('MAGNET', magnet), context);
          if (selector !== '') await page.locator(selector).first().waitFor({ timeout: LONG_MS });
          await page.evaluate(axe);
          const { violations } = await page.evaluate<{
            violations: { id: string; nodes: { target: unknown }[] }[];
          }>('axe.run()');
          expect(violations.map(({ id, nodes }) => [id, nodes.map(({ target }) => target)])).toEqual([]);
          expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
          await context.close();
        }
      },
      LONG_MS,
    );

    it(
      'asks before it is left, and goes on after a reload without asking for the file again',
      async () => {
        const asked: string[] = [];
        seedPage.on('dialog', (dialog) => {
          asked.push(dialog.type());
          void dialog.accept();
        });
        await seedPage.locator('h1').click(); // a page that nobody has touched may not ask
        await seedPage.reload();
        expect(asked).toEqual(['beforeunload']);
        await seedPage.locator('.code.link').waitFor();
        expect(((await seedPage.locator('.code.link').textContent()) ?? '').split('#')[1]).toBe(magnet);
      },
      LONG_MS,
    );

    it(
      "plays in a page of others with the generator's code, in three tabs with two players each, and no request fails",
      async () => {
        const generator = await site.open(`${site.pages}/embed-code`);
        await generator.locator('#source').fill(magnet);
        for (const name of ['autoplay', 'muted', 'loop']) await generator.locator(`[name=${name}]`).check();
        await generator.locator('[name=warningTitle]').uncheck();
        await generator.frameLocator('#preview iframe').locator('swarm-video').waitFor({ state: 'attached' });
        const code = (await generator.locator('#code').textContent()) ?? '';
        await generator.close();
        others = await servePages({
          '/': `<!doctype html><title>blog</title><h1>Blog</h1>${code}${code}`,
        });

        const context: BrowserContext = await site.browser.newContext();
        const tabs = await Promise.all(Array.from({ length: TABS }, () => site.open(others!.url, context)));
        const players = [];
        for (const tab of tabs) {
          await tab.bringToFront();
          await tab.locator('iframe').last().scrollIntoViewIfNeeded();
          const frames = tab.frames().filter((frame) => frame !== tab.mainFrame());
          expect(frames).toHaveLength(2);
          for (const frame of frames) {
            await frame.locator('swarm-video').waitFor({ state: 'attached' });
            await until(frame, 'playing', ({ time, way }) => time > 0 && way === 'stream');
            players.push(frame);
          }
        }
        const ask = `const address = await video.addressOf(video.files[0]);
          return Promise.all(Array.from({ length: ${REQUESTS_PER_EMBED} }, async (_, at) => {
            const response = await fetch(address, { headers: { range: 'bytes=' + at * 1000 + '-' + (at * 1000 + 999) } });
            return response.status + ' ' + (await response.arrayBuffer()).byteLength;
          }))`;
        const answers = await Promise.all(players.map((player) => act(player, ask) as Promise<string[]>));
        expect(answers.flat()).toEqual(
          Array.from({ length: TABS * 2 * REQUESTS_PER_EMBED }, () => '206 1000'),
        );
      },
      LONG_MS,
    );

    it(
      'makes the code for a dropped file, which is shared from then on',
      async () => {
        const generator = await site.open(`${site.pages}/embed-code`);
        const film = {
          name: 'other.webm',
          mimeType: 'video/webm',
          buffer: Buffer.from('another film'),
        };
        await generator.locator('#files').setInputFiles(film);
        await generator.locator('#code:has-text("dn=other.webm")').waitFor({ timeout: LONG_MS });
        await expect(generator.locator('#open-note').isVisible()).resolves.toBe(true);
        await generator.context().close();
      },
      LONG_MS,
    );

    it('writes what was chosen into the code, and says what is no time', async () => {
      const generator = await site.open(`${site.pages}/embed-code#${magnet}`);
      const fill = (name: string, text: string) => generator.locator(`[name=${name}]`).fill(text);
      for (const [name, text] of [
        ['start', '1m30s'],
        ['stop', '2:00'],
        ['subtitle', 'en'],
        ['file', 'film'],
      ] as const)
        await fill(name, text);
      await generator.locator('[name=p2p]').selectOption('download-only');
      await generator.locator('#frame-title').fill('A "film"');
      const code = (await generator.locator('#code').textContent()) ?? '';
      expect(code).toContain(
        `src="${site.pages}/embed?p2p=download-only&amp;start=90&amp;stop=120&amp;subtitle=en&amp;file=film#magnet:?`,
      );
      expect(code).toContain('title="A &quot;film&quot;"');
      await fill('stop', 'soon');
      expect(await generator.locator('#time-fault').innerText()).toBe('A time is 90, 1m30s or 1:30.');
      expect(await generator.locator('#stop').getAttribute('aria-invalid')).toBe('true');
      expect(await generator.locator('#code').textContent()).not.toContain('stop=');
      await generator.context().close();
    });

    it('understands the links of webtorrentseeder.com', async () => {
      const hash = /[0-9a-f]{40}/.exec(magnet)![0];
      for (const form of [
        `?tracker=t.example&magnet=${encodeURIComponent(magnet)}`,
        `?tracker=t.example#${hash}`,
      ]) {
        const page = await site.open(`${site.pages}/${form}`);
        await page.waitForURL((url) => url.pathname === '/watch' && url.hash.includes(hash));
        expect(new URL(page.url()).searchParams.getAll('tracker')).toEqual(['wss://t.example']);
        await page.goto(`${site.pages}/seed?tracker=t.example`);
        await expect(page.locator('#tracker').inputValue()).resolves.toBe('t.example');
        await page.context().close();
      }
    });

    it(
      'is steered by messages of the page around it, and of no other',
      async () => {
        const page = await site.open(others!.url);
        const states = await page.evaluate(`new Promise((resolve) => {
          const seen = [];
          const frame = document.querySelector('iframe').contentWindow;
          addEventListener('message', ({ data, source }) => {
            if (data?.type !== 'relay-swarm' || source !== frame) return;
            if (data.event === 'ready') frame.postMessage({ type: 'relay-swarm', method: 'seek', value: 5 }, '*');
            if (data.event !== 'playbackStatusUpdate') return;
            if (data.position >= 5 && data.playbackState === 'playing') frame.postMessage({ type: 'relay-swarm', method: 'pause' }, '*');
            if (data.position >= 5 && data.playbackState === 'paused') resolve(data);
          });
        })`);
        expect(states).toMatchObject({
          event: 'playbackStatusUpdate',
          playbackState: 'paused',
          volume: 0,
        });
      },
      LONG_MS,
    );
  });
});
