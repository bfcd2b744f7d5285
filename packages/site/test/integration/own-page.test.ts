// <swarm-video> in a page of somebody else, with the stock media-chrome from npm around it: no line of either knows the other.
import {
  bundleForBrowser,
  describeWithChromium,
  servePages,
  type Page,
  type PageServer,
} from '../../../../test/support/chromium.ts';
import { requireTool } from '../../../../test/support/tools.ts';
import { spawnTracker } from '../../../../tracker/test/support/tracker-process.ts';
import { FILM_SECONDS, makeFilm } from '../support/film.ts';
import { startSite, type RunningSite } from '../support/running-site.ts';
import { seedShelf } from '../support/shelf.ts';
import { seedFromStockPage, type StockPage } from '../support/stock-seeder.ts';
import { act, until } from '../support/viewer.ts';
import { serveWebSeed } from '../support/web-seed-server.ts';

const LONG_MS = 120_000;

requireTool('ffmpeg')('the element in a page of others', () => {
  describeWithChromium('in Chromium', () => {
    let site: RunningSite;
    let shelf: StockPage;
    let others: PageServer;
    let page: Page;
    beforeAll(async () => {
      site = await startSite();
      shelf = await seedShelf(site.browser, site.relays.urls);
      const mediaChrome = await bundleForBrowser("import 'media-chrome';", import.meta.dirname);
      others = await servePages({
        '/media-chrome.js': mediaChrome,
        '/': `<!doctype html><title>others</title>
          <script type="module" src="/media-chrome.js"></script>
          <script type="module" src="${site.pages}/swarm-video.js"></script>
          <media-controller>
            <swarm-video slot="media" src="${shelf.magnet.replaceAll('&', '&amp;')}" file="film" preload="auto">
              <p slot="error" id="mine">Sorry!</p>
            </swarm-video>
            <media-control-bar>
              <media-play-button></media-play-button>
              <media-mute-button></media-mute-button>
              <media-seek-forward-button seekoffset="5"></media-seek-forward-button>
              <media-captions-button></media-captions-button>
              <media-playback-rate-button rates="1 2"></media-playback-rate-button>
              <media-time-display showduration></media-time-display>
            </media-control-bar>
            <media-error-dialog slot="dialog"></media-error-dialog>
          </media-controller>`,
        '/own-video/': `<!doctype html><title>others</title>
          <script type="module" src="${site.pages}/swarm-video.js"></script>
          <swarm-video src="${shelf.magnet.replaceAll('&', '&amp;')}" file="film" muted>
            <video slot="media" id="own" width="64"></video>
          </swarm-video>`,
        '/early/': `<!doctype html><title>others</title>
          <swarm-video preload="none"></swarm-video>
          <script>
            const video = document.querySelector('swarm-video');
            Object.assign(video, { src: ${JSON.stringify(shelf.magnet)}, file: 'film', maxUpload: 500_000, stats: true, muted: true });
          </script>
          <script type="module" src="${site.pages}/swarm-video.js"></script>`,
      });
      page = await site.open(others.url);
    }, LONG_MS);
    afterAll(async () => {
      await shelf.close();
      await Promise.all([site.stop(), others.close()]);
    });
    const press = (name: string): Promise<void> => page.locator(`media-${name}-button`).click();

    it(
      'is steered by its buttons, and tells them what it does',
      async () => {
        const controller = page.locator('media-controller');
        // Without a service worker on their own site the file comes as a whole.
        await until(page, 'the film', ({ way, duration }) => way === 'memory' && duration > 1);
        expect(await controller.getAttribute('mediapaused')).toBe('');
        await press('mute');
        await press('play');
        await until(page, 'playing', ({ time }) => time > 0.3);
        await page.waitForFunction("!document.querySelector('media-controller').hasAttribute('mediapaused')");
        await press('seek-forward');
        await until(page, 'five seconds on', ({ time }) => time > 5);
        await press('playback-rate');
        await press('captions');
        await page.waitForFunction(
          "document.querySelector('swarm-video').textTracks[0]?.mode === 'showing' && document.querySelector('swarm-video').playbackRate === 2",
        );
        expect(Number(await controller.getAttribute('mediaduration'))).toBeCloseTo(FILM_SECONDS, 0);
        expect(await act(page, 'return [video.muted, video.volume]')).toEqual([true, 1]);
        await press('play');
        await until(page, 'paused', ({ paused }) => paused);
      },
      LONG_MS,
    );

    it(
      'plays in a <video> of the page where one is given, and in no other',
      async () => {
        const other = await site.open(`${others.url}/own-video/`);
        await until(other, 'the film', ({ way, duration }) => way === 'memory' && duration > 1);
        await act(other, 'await video.play()');
        await other.waitForFunction("document.getElementById('own').currentTime > 0.3");
        const seen = await act(
          other,
          "const own = document.getElementById('own'); return [video.nativeEl === own, video.muted, own.videoWidth > 0, video.textTracks[0].language]",
        );
        expect(seen).toEqual([true, true, true, 'en']);
        await act(other, 'video.pause()');
        expect(await other.evaluate("document.getElementById('own').paused")).toBe(true);
        await other.context().close();
      },
      LONG_MS,
    );

    it(
      'shows what the page says where it cannot play, and tells the controls',
      async () => {
        await act(page, "video.setAttribute('src', 'magnet:?dn=nothing')");
        await page.locator('#mine').waitFor();
        expect(await page.locator('#mine').isVisible()).toBe(true);
        await page.locator('media-error-dialog[mediaerrorcode="4"]').waitFor({ state: 'attached' });
      },
      LONG_MS,
    );

    it(
      'tells of itself what a <video> tells: from the search to the film, to another source, to a fault',
      async () => {
        const early = await site.open(`${others.url}/early/`);
        await early.waitForFunction("customElements.get('swarm-video')");
        const seen = await act(
          early,
          `const events = [];
          for (const type of ['loadstart', 'play', 'waiting', 'playing', 'pause', 'emptied', 'error', 'ended'])
            video.addEventListener(type, () => events.push(type));
          const state = () => [video.networkState, video.readyState > 0, video.paused, video.error?.code ?? 0];
          const nameOf = (promise) => promise.then(() => 'played', ({ name }) => name);
          const steps = {};
          const note = (step) => { steps[step] = [...state(), events.splice(0).join(' ')]; };
          const { file, maxUpload, stats, consent, start, subtitle } = video;
          steps.properties = [file, maxUpload, stats, consent, start, subtitle, video.getAttribute('max-upload')];
          note('before');
          const first = nameOf(video.play());
          note('asked');
          steps.played = await first;
          while (!events.includes('playing')) await new Promise((done) => setTimeout(done, 20));
          note('playing');

          video.src = 'magnet:?xt=urn:btih:${'ab'.repeat(20)}';
          const second = nameOf(video.play());
          steps.gone = [Number.isNaN(video.duration), video.currentTime, video.nativeEl.getAttribute('src')];
          await new Promise((done) => setTimeout(done, 50));
          note('another');
          video.pause();
          steps.paused = await second;
          note('still');

          video.preload = 'auto'; // else nobody would look before it is to play
          video.src = 'magnet:?dn=nothing';
          while (video.error === null) await new Promise((done) => setTimeout(done, 20));
          note('fault');
          steps.refused = await nameOf(video.play());
          steps.words = video.error.message;
          video.stats = false;
          steps.hasStats = video.hasAttribute('stats');
          return steps;`,
        );
        const [EMPTY, LOADING, NO_SOURCE] = [0, 2, 3];
        expect(seen).toEqual({
          properties: ['film', 500_000, true, false, 0, '', '500000'],
          before: [EMPTY, false, true, 0, ''],
          asked: [LOADING, false, false, 0, 'play waiting loadstart'],
          played: 'played',
          playing: [expect.any(Number), true, false, 0, expect.stringMatching(/^(waiting )*playing$/)],
          gone: [true, 0, null],
          another: [LOADING, false, false, 0, 'play waiting loadstart emptied'],
          paused: 'AbortError',
          still: [LOADING, false, true, 0, 'pause'],
          fault: [NO_SOURCE, false, true, 4, expect.stringMatching(/^emptied loadstart error$/)],
          refused: 'NotSupportedError',
          words: expect.stringMatching(/^This magnet has no info hash/),
          hasStats: false,
        });
        await early.context().close();
      },
      LONG_MS,
    );

    it.each(['trackers', 'roster'])(
      'plays what only the relay of a second player of the same torrent knows (%s)',
      async (attribute) => {
        const elsewhere = await spawnTracker();
        const film = { 'film.webm': await makeFilm() };
        const seeder = await seedFromStockPage(site.browser, film, { announce: [elsewhere.url] });
        const [infoHash] = /[0-9a-f]{40}/.exec(seeder.magnet)!;
        const two = await site.open(`${others.url}/early/`);
        await two.waitForFunction("customElements.get('swarm-video')");
        await act(
          two,
          `video.removeAttribute('file');
          Object.assign(video, { preload: 'auto', src: '${infoHash}' });
          while (video.getStats() === undefined) await new Promise((done) => setTimeout(done, 20));
          const second = document.createElement('swarm-video');
          Object.assign(second, { preload: 'auto', ${attribute}: '${attribute === 'roster' ? elsewhere.url.replace(/^ws/, 'http') : elsewhere.url}', src: '${infoHash}' });
          document.body.append(second);`,
        );
        await until(two, 'the film', ({ duration, peers }) => duration > 1 && peers > 0);
        await Promise.all([two.context().close(), seeder.close(), elsewhere.stop()]);
      },
      LONG_MS,
    );

    it(
      'tells of a new source nothing that the one before it says late',
      async () => {
        const silent = await serveWebSeed('film.webm', Buffer.alloc(1_000), { endsAt: 0 });
        const late = await site.open(`${others.url}/early/`);
        await late.waitForFunction("customElements.get('swarm-video')");
        const seen = await act(
          late,
          `const nameOf = (promise) => promise.then(() => 'played', ({ name }) => name);
          Object.assign(video, { p2p: 'off', webseed: ${JSON.stringify(silent.url)}, src: '${'ab'.repeat(20)}' });
          const first = nameOf(video.play());
          while (video.way !== 'server') await new Promise((done) => setTimeout(done, 20));
          Object.assign(video, { p2p: 'auto', webseed: '', src: '${'cd'.repeat(20)}' });
          const events = [];
          for (const type of ['play', 'pause']) video.addEventListener(type, () => events.push(type));
          void nameOf(video.play());
          return [await first, events, await new Promise((done) => setTimeout(() => done(video.paused), 50))];`,
        );
        expect(seen).toEqual(['AbortError', ['play'], false]);
        await Promise.all([late.context().close(), silent.close()]);
      },
      LONG_MS,
    );
  });
});
