// Watching in a real Chromium, through the relay's own pages: the film comes from another browser while it plays.
import { describeWithChromium } from '../../../../test/support/chromium.ts';
import { requireTool } from '../../../../test/support/tools.ts';
import { FILM_SECONDS, FILM_SUBTITLES, makeFilm } from '../support/film.ts';
import { pagesOf, startSite, type RunningSite } from '../support/running-site.ts';
import { seedFromStockPage, type StockPage } from '../support/stock-seeder.ts';
import { act, agree, until } from '../support/viewer.ts';

const LONG_MS = 120_000;

requireTool('ffmpeg')('watching', () => {
  describeWithChromium('in Chromium', () => {
    let site: RunningSite;
    let seeder: StockPage;
    beforeAll(async () => {
      site = await startSite();
      seeder = await seedFromStockPage(
        site.browser,
        { 'film.webm': await makeFilm(), 'film.en.srt': FILM_SUBTITLES },
        // Slow enough that the film has not arrived when it begins to play.
        { announce: [site.first.url, site.second.url], name: 'A film', uploadLimit: 400_000 },
      );
    }, LONG_MS);
    afterAll(() => site.stop());

    it(
      'asks before it shares, plays while it downloads, seeks, and finishes although its relay is killed',
      async () => {
        const page = await site.open(`${pagesOf(site.first)}/watch#${seeder.magnet}`);
        await until(page, 'the question', ({ text }) => text.includes('They see your internet'));
        const { peersAll } = (await (await fetch(`${pagesOf(site.first)}/stats.json`)).json()) as {
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
        site.first.kill();
        await act(page, `video.currentTime = ${FILM_SECONDS - 4}`);
        await until(page, 'playing on', ({ time }) => time > FILM_SECONDS - 3);
        const end = await until(page, 'the end', ({ ended }) => ended);
        expect(end.fromPeers).toBeGreaterThan(100_000);
        expect(end.fromServers).toBe(0);

        // Whoever comes now finds the film by the other relay, and gets it from this viewer when the seeder has left.
        await act(
          page,
          'while (video.files.some((file) => !file.done)) await new Promise((done) => setTimeout(done, 100))',
        );
        await seeder.close();
        const later = await site.open(`${pagesOf(site.second)}/watch?muted=1&autoplay=1#${seeder.magnet}`);
        await agree(later);
        await until(later, 'the film from a viewer', ({ time }) => time > 1);
      },
      LONG_MS,
    );
  });
});
