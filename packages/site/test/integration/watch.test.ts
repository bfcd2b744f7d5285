// Watching in a real Chromium, through the relay's own pages: the film comes from another browser while it plays.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  describeWithChromium,
  launchChromium,
  type Browser,
  type Page,
} from '../../../../test/support/chromium.ts';
import { requireTool } from '../../../../test/support/tools.ts';
import { spawnTracker, type TrackerProcess } from '../../../../tracker/test/support/tracker-process.ts';
import { buildSite } from '../../build.mjs';
import { FILM_SECONDS, FILM_SUBTITLES, makeFilm } from '../support/film.ts';
import { seedFromStockPage, type StockPage } from '../support/stock-seeder.ts';
import { act, agree, until } from '../support/viewer.ts';

const LONG_MS = 120_000;

requireTool('ffmpeg')('watching', () => {
  describeWithChromium('in Chromium', () => {
    let site: string;
    let browser: Browser;
    let first: TrackerProcess;
    let second: TrackerProcess;
    let seeder: StockPage;
    const pageOf = ({ port }: TrackerProcess): string => `http://127.0.0.1:${port}`;
    const open = async (url: string): Promise<Page> => {
      const page = await (await browser.newContext()).newPage();
      await page.goto(url);
      return page;
    };

    beforeAll(async () => {
      site = await mkdtemp(join(tmpdir(), 'site-'));
      await buildSite(join(site, 'www'));
      const env = { TRACKER_SITE_DIR: join(site, 'www') };
      // One after the other: each compiles, and ends esbuild's helper when it is done.
      first = await spawnTracker(env);
      second = await spawnTracker(env);
      browser = await launchChromium(['--autoplay-policy=no-user-gesture-required']);
      // Slow enough that the film has not arrived when it begins to play.
      seeder = await seedFromStockPage(
        browser,
        { 'film.webm': await makeFilm(), 'film.en.srt': FILM_SUBTITLES },
        { announce: [first.url, second.url], name: 'A film', uploadLimit: 400_000 },
      );
    }, LONG_MS);
    afterAll(async () => {
      await browser.close();
      await Promise.all([first.stop(), second.stop()]);
      await rm(site, { recursive: true, force: true });
    });

    it(
      'asks before it shares, plays while it downloads, seeks, and finishes although its relay is killed',
      async () => {
        const page = await open(`${pageOf(first)}/watch#${seeder.magnet}`);
        await until(page, 'the question', ({ text }) => text.includes('They see your internet'));
        const { peersAll } = (await (await fetch(`${pageOf(first)}/stats.json`)).json()) as {
          peersAll: number;
        };
        expect(peersAll).toBe(1); // the seeder alone: nobody has heard of this viewer
        await agree(page);
        const begun = await until(page, 'playing', ({ time }) => time > 0.5);
        expect(begun.way).toBe('stream');
        expect(begun.duration).toBeCloseTo(FILM_SECONDS, 0);
        expect(await act(page, 'return video.textTracks[0].label + " " + video.textTracks[0].language')).toBe(
          'English en',
        );
        first.kill();
        await act(page, `video.currentTime = ${FILM_SECONDS - 4}`);
        await until(page, 'playing on', ({ time }) => time > FILM_SECONDS - 3);
        const end = await until(page, 'the end', ({ ended }) => ended);
        expect(end.fromPeers).toBeGreaterThan(100_000);
        expect(end.fromServers).toBe(0);

        // Whoever comes now finds the film by the other relay, and gets it from this viewer when the seeder has left.
        await until(page, 'all of it', ({ text }) => /From peers\s+100 %/.test(text));
        await act(
          page,
          'while (video.files.some((file) => !file.done)) await new Promise((done) => setTimeout(done, 100))',
        );
        await seeder.close();
        const later = await open(`${pageOf(second)}/watch?muted=1&autoplay=1#${seeder.magnet}`);
        await agree(later);
        await until(later, 'the film from a viewer', ({ time }) => time > 1);
      },
      LONG_MS,
    );
  });
});
