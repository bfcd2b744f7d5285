// What the addresses of /watch and /embed may say, and what a page around the player may say to it: each has its effect, in a real Chromium.
// And what is no film: a sound, a picture.
import { describeWithChromium, servePages, type PageServer } from '../../../../test/support/chromium.ts';
import { requireTool } from '../../../../test/support/tools.ts';
import { FILM_SECONDS } from '../support/film.ts';
import { startSite, type RunningSite } from '../support/running-site.ts';
import { PICTURE_PIXELS, seedShelf, SOUND_SECONDS } from '../support/shelf.ts';
import type { StockPage } from '../support/stock-seeder.ts';
import { act, until } from '../support/viewer.ts';

const LONG_MS = 120_000;

requireTool('ffmpeg')('the options of a player', () => {
  describeWithChromium('in Chromium', () => {
    let site: RunningSite;
    let shelf: StockPage;
    let blog: PageServer | undefined;
    beforeAll(async () => {
      site = await startSite();
      shelf = await seedShelf(site.browser, site.relays.urls);
    }, LONG_MS);
    afterAll(async () => {
      await shelf.close();
      await Promise.all([site.stop(), blog?.close()]);
    });

    it.each(['/watch', '/embed'])(
      '%s does what its query says',
      async (path) => {
        const query = 'autoplay=1&muted=1&loop=1&start=3&stop=5&playbackRate=2&warningTitle=0&stats=1';
        const more = 'title=0&subtitle=en&file=film&poster=%2Ficon.svg';
        const page = await site.open(`${site.pages}${path}?${query}&${more}#${shelf.magnet}`);
        const stopped = await until(page, 'the stop', ({ time, paused }) => time >= 5 && paused);
        expect(stopped.time).toBeLessThan(6.5);
        expect(stopped.numbers).toMatch(/Relays/);
        const seen = await act(
          page,
          `const [track] = video.textTracks; const played = video.played;
           return [video.muted, video.loop, video.playbackRate, video.nativeEl.poster, track.language, track.mode, played.start(0) >= 3];`,
        );
        expect(seen).toEqual([true, true, 2, `${site.pages}/icon.svg`, 'en', 'showing', true]);
        if (path === '/embed') expect(await page.locator('#title').isVisible()).toBe(false);
        await page.context().close();
      },
      LONG_MS,
    );

    it(
      'does not begin by itself, has controls and a title, and no numbers, where nothing else is said',
      async () => {
        const page = await site.open(`${site.pages}/embed?warningTitle=0&file=film#${shelf.magnet}`);
        await page.locator('#title', { hasText: 'film.webm' }).waitFor();
        expect(await act(page, 'return [video.paused, video.muted, video.loop, video.playbackRate]')).toEqual(
          [true, false, false, 1],
        );
        expect(await page.locator('media-control-bar').count()).toBe(1);
        expect(await page.locator('swarm-video .stats').count()).toBe(0);
        const isWhole = "document.querySelector('media-controller').clientWidth === innerWidth";
        expect(await page.evaluate(isWhole)).toBe(true);
        await page.context().close();
      },
      LONG_MS,
    );

    it(
      'has all its numbers and buttons within the player on a small phone',
      async () => {
        const context = await site.browser.newContext({ viewport: { width: 320, height: 600 } });
        const page = await site.open(
          `${site.pages}/watch?autoplay=1&muted=1&warningTitle=0&stats=1&file=film#${shelf.magnet}`,
          context,
        );
        await until(page, 'the numbers', ({ numbers, time }) => numbers.includes('Ahead') && time > 0);
        const outside = await act(
          page,
          `const player = document.getElementById('player').getBoundingClientRect();
           const stats = video.shadowRoot.querySelector('.stats');
           const isOutside = (one) => {
             const { left, top, right, bottom, width } = one.getBoundingClientRect();
             return width > 0 && (left < player.left || top < player.top || right > player.right || bottom > player.bottom);
           };
           const cut = stats.scrollHeight > stats.clientHeight ? ['numbers'] : [];
           return [stats, ...document.querySelectorAll('media-control-bar > *')].filter(isOutside).map(({ localName }) => localName).concat(cut);`,
        );
        expect(outside).toEqual([]);
        await context.close();
      },
      LONG_MS,
    );

    it.each(['controls=0', 'controlBar=0'])('has no controls where %s says so', async (query) => {
      const page = await site.open(`${site.pages}/embed?${query}#${shelf.magnet}`);
      await page.locator('swarm-video').waitFor({ state: 'attached' });
      expect(await page.locator('media-control-bar').count()).toBe(0);
      await page.context().close();
    });

    it(
      'plays a sound and shows a picture, chosen from the list',
      async () => {
        const page = await site.open(`${site.pages}/watch?muted=1&warningTitle=0#${shelf.magnet}`);
        const play = (name: string) =>
          page.locator('#files li', { hasText: name }).getByRole('button', { name: 'Play' }).click();
        await play('sound.wav');
        await until(
          page,
          'the sound',
          ({ duration, way }) => way === 'stream' && Math.round(duration) === SOUND_SECONDS,
        );
        await act(page, 'await video.play()');
        await until(page, 'its end', ({ ended }) => ended);
        await play('picture.png');
        const picture = page.locator('swarm-video img');
        await picture.waitFor();
        await page.waitForFunction(
          `document.querySelector('swarm-video').shadowRoot.querySelector('img').naturalWidth === ${PICTURE_PIXELS}`,
        );
        expect(await picture.getAttribute('alt')).toBe('picture.png');
        expect(await page.locator('swarm-video video').isVisible()).toBe(false);
        await page.context().close();
      },
      LONG_MS,
    );

    it(
      'obeys every message of the page around it, and answers; with api=0 it neither hears nor speaks',
      async () => {
        const frame = (query: string): string =>
          `<iframe src="${site.pages}/embed?warningTitle=0&muted=1&file=film&${query}#${shelf.magnet}" allow="autoplay"></iframe>`;
        blog = await servePages({ '/': `<!doctype html><title>blog</title>${frame('')}${frame('api=0')}` });
        const page = await site.open(blog.url);
        const answers = await page.evaluate(`new Promise((resolve) => {
          const [player, deaf] = [...document.querySelectorAll('iframe')].map(({ contentWindow }) => contentWindow);
          const got = { ofDeaf: 0 };
          const say = (method, value, id) => { for (const one of [player, deaf]) one.postMessage({ type: 'relay-swarm', method, value, id }, '*'); };
          addEventListener('message', ({ data, source }) => {
            if (data?.type !== 'relay-swarm') return;
            if (source === deaf) got.ofDeaf++;
            if (source !== player) return;
            if (data.event === 'ready') {
              got.ready = data.name;
              say('setMuted', false); say('setVolume', 0.25); say('setPlaybackRate', 1.5); say('setCaption', 'en'); say('seek', 4); say('play');
              say('constructor'); say('nonsense');
            }
            if (data.event === 'playbackStatusUpdate' && data.playbackState === 'playing' && data.position > 4 && data.volume === 0.25 && !got.playing) {
              got.playing = true; got.duration = Math.round(data.duration);
              say('pause');
            }
            if (data.event === 'playbackStatusUpdate' && data.playbackState === 'paused' && got.playing && !got.paused) {
              got.paused = true;
              say('getCaptions', undefined, 1); say('getStats', undefined, 2);
            }
            if (data.event === 'answer') got[data.method + data.id] = data.result;
            if (got.getCaptions1 && got.getStats2) resolve(got);
          });
        })`);
        expect(answers).toMatchObject({
          ...{ ready: 'film.webm', duration: FILM_SECONDS, ofDeaf: 0 },
          getCaptions1: [{ language: 'en', label: 'English', isOn: true }],
          getStats2: { failOvers: 0, fromServers: 0 },
        });
        const [, deaf] = page.frames().filter((one) => one !== page.mainFrame());
        expect(await act(deaf!, 'return [video.paused, video.muted, video.playbackRate]')).toEqual([
          true,
          true,
          1,
        ]);
        const [player] = page.frames().filter((one) => one !== page.mainFrame());
        expect(await act(player!, 'return [video.muted, video.playbackRate]')).toEqual([false, 1.5]);
      },
      LONG_MS,
    );
  });
});
