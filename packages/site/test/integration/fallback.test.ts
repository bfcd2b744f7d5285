// The ladder while it plays, in a real Chromium: where the way that was taken breaks off in the middle, the next one goes on from there.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  describeWithChromium,
  servePages,
  type Page,
  type PageServer,
} from '../../../../test/support/chromium.ts';
import { requireTool } from '../../../../test/support/tools.ts';
import { runSeeder, type SeederProcess } from '../../../seeder/test/support/seeder-process.ts';
import { FILM_SECONDS, makeFilm } from '../support/film.ts';
import { startSite, type RunningSite } from '../support/running-site.ts';
import { act, read, until } from '../support/viewer.ts';
import { serveWebSeed, type WebSeedServer } from '../support/web-seed-server.ts';

const LONG_MS = 120_000;
const KEEP_FALLBACKS = `window.fallbacks = [];
  document.querySelector('swarm-video').addEventListener('p2pfallback', ({ detail: { from, to } }) => fallbacks.push(from + ' ' + to));`;
/** `isGone` once the server was found gone, and the next way has begun. */
const KEEP_VERDICT = `const own = fetch;
  window.fetch = (url, options) => own(url, options).catch((error) => {
    if (options?.method === 'HEAD') window.isGone = true;
    throw error;
  });`;
/** From now on no further piece can be kept. */
const fillDisk = async (page: Page): Promise<{ free(): Promise<unknown> }> => {
  const session = await page.context().newCDPSession(page);
  const { origin } = new URL(page.url());
  await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 1 });
  return { free: () => session.send('Storage.overrideQuotaForOrigin', { origin }) };
};

requireTool('ffmpeg')('a way that breaks off in the middle', () => {
  describeWithChromium('in Chromium', () => {
    let site: RunningSite;
    let folder: string;
    let film: Buffer;
    const seeders: SeederProcess[] = [];
    const servers: (WebSeedServer | PageServer)[] = [];
    /** Slow, so that the film has not arrived when the way ends. */
    const seed = async (...args: string[]): Promise<string> => {
      const folders = ['--state', join(folder, 'state'), '--roster', site.pages];
      const seeder = await runSeeder(['seed', join(folder, 'film.webm'), ...folders, ...args]);
      seeders.push(seeder);
      return String((await seeder.event('seeding'))['magnet']);
    };
    const goesOn = async (page: Page, way: string): Promise<void> => {
      const { time: at } = await read(page);
      const on = await until(
        page,
        `playing on by ${way}`,
        ({ time, way: now }) => now === way && time > at + 0.5,
      );
      expect(on.time).toBeLessThan(FILM_SECONDS);
    };

    /** Somebody else's page, without our service worker, that plays the film from its server. */
    const playFromServer = async (magnet: string, webSeed: string, keep: string) => {
      const others = await servePages({
        '/': `<!doctype html><title>others</title><script type="module" src="${site.pages}/swarm-video.js"></script>
          <swarm-video muted src="${magnet.replaceAll('&', '&amp;')}" webseed="${webSeed}"></swarm-video>`,
      });
      servers.push(others);
      const page = await site.open(others.url);
      await page.evaluate(keep);
      await until(page, 'the film from the server', ({ duration, way }) => duration > 1 && way === 'server');
      await act(page, 'await video.play()');
      await until(page, 'playing', ({ time }) => time > 0.5);
      return page;
    };

    beforeAll(async () => {
      site = await startSite();
      folder = await mkdtemp(join(tmpdir(), 'fallback-'));
      film = await makeFilm();
      await writeFile(join(folder, 'film.webm'), film);
    }, LONG_MS);
    afterEach(async () => {
      await Promise.all(seeders.splice(0).map((seeder) => seeder.stop()));
      await Promise.all(servers.splice(0).map((server) => server.close()));
    });
    afterAll(async () => {
      await site.stop();
      await rm(folder, { recursive: true, force: true });
    });

    it(
      'goes on from the server when the disk is full',
      async () => {
        const server = await serveWebSeed('film.webm', film, { delayMs: 1_000 });
        servers.push(server);
        const magnet = await seed('--upload', '150K');
        const page = await site.open(
          `${site.pages}/watch?muted=1&autoplay=1&warningTitle=0#${magnet}&ws=${encodeURIComponent(server.url)}`,
        );
        await page.evaluate(KEEP_FALLBACKS);
        await until(page, 'the stream', ({ time, way }) => time > 0.5 && way === 'stream');
        await fillDisk(page);
        await goesOn(page, 'server');
        expect(await page.evaluate('fallbacks')).toEqual(['stream server']);
        await until(page, 'the end', ({ ended }) => ended);
        await page.context().close();
      },
      LONG_MS,
    );

    it(
      'goes on with the whole file, from peers, when the server ends in the middle',
      async () => {
        const server = await serveWebSeed('film.webm', film, { endsAt: film.length / 2 });
        const magnet = await seed();
        const page = await playFromServer(magnet, server.url, KEEP_FALLBACKS);
        await server.close();
        await goesOn(page, 'memory');
        expect(await page.evaluate('fallbacks')).toEqual(['server memory']);
        const end = await until(page, 'the end', ({ ended }) => ended);
        expect(end.fromPeers).toBeGreaterThan(0);
        await page.context().close();
      },
      LONG_MS,
    );

    it(
      'leaves a viewer who pauses and seeks before the whole file is there where he is',
      async () => {
        const server = await serveWebSeed('film.webm', film, { endsAt: film.length / 2 });
        const magnet = await seed('--upload', '30K');
        const page = await playFromServer(magnet, server.url, KEEP_VERDICT);
        await server.close();
        await page.waitForFunction('window.isGone', undefined, { timeout: LONG_MS });
        await act(page, 'video.pause(); video.currentTime = 0.2');
        const there = await until(
          page,
          'the whole file',
          ({ duration, way }) => duration > 1 && way === 'memory',
          LONG_MS,
        );
        expect(there.paused).toBe(true);
        expect(there.time).toBeCloseTo(0.2, 1);
        await page.context().close();
      },
      LONG_MS * 2,
    );

    it(
      'says so when the disk is full and no other way is left, and plays on from there when the viewer tries again',
      async () => {
        const magnet = await seed('--upload', '150K');
        const page = await site.open(`${site.pages}/watch?muted=1&autoplay=1&warningTitle=0#${magnet}`);
        await until(page, 'the stream', ({ time, way }) => time > 2 && way === 'stream');
        // Another player of the page, which keeps the torrent that fails.
        await act(page, 'document.body.append(video.cloneNode())');
        const disk = await fillDisk(page);
        await until(page, 'the words', ({ text }) =>
          text.includes('The video stopped arriving: whoever had it may have left. Try again in a moment.'),
        );
        const { time: at } = await read(page);
        expect(at).toBeGreaterThan(1);
        await disk.free();
        const from = act(
          page,
          "return new Promise((resolve) => video.addEventListener('playing', () => resolve(video.currentTime), { once: true }))",
        );
        await page.locator('#player').getByRole('button', { name: 'Try again' }).click();
        await goesOn(page, 'stream');
        expect(await from).toBeGreaterThanOrEqual(at - 0.5);
        await page.context().close();
      },
      LONG_MS,
    );
  });
});
