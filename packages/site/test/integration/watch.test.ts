// Watching in a real Chromium, through the relay's own pages: the film comes from another browser while it plays.
import { describeWithChromium } from '../../../../test/support/chromium.ts';
import { requireTool } from '../../../../test/support/tools.ts';
import { FILM_SECONDS, FILM_SUBTITLES, makeFilm } from '../support/film.ts';
import { startSite, type RunningSite } from '../support/running-site.ts';
import { seedFromStockPage, type StockPage } from '../support/stock-seeder.ts';
import { act, agree, read, until } from '../support/viewer.ts';

const LONG_MS = 120_000;

requireTool('ffmpeg')('watching', () => {
  describeWithChromium('in Chromium', () => {
    let site: RunningSite;
    let seeder: StockPage;
    let infoHash: string;
    let ranked: readonly string[];
    beforeAll(async () => {
      site = await startSite(4); // a torrent uses three: the fourth steps in
      seeder = await seedFromStockPage(
        site.browser,
        { 'film.webm': await makeFilm(), 'film.en.srt': FILM_SUBTITLES },
        // Slow enough that the film has not arrived when it begins to play.
        { announce: site.relays.urls, name: 'A film', uploadLimit: 400_000 },
      );
      infoHash = /btih:([0-9a-f]{40})/.exec(seeder.magnet)![1]!;
      ranked = await site.pagesByRank(infoHash);
    }, LONG_MS);
    afterAll(() => site.stop());

    it(
      'asks before it shares, plays while it downloads, seeks, and finishes although the relay of page and torrent is killed',
      async () => {
        const [first, , , fourth] = ranked;
        const page = await site.open(`${first}/watch?stats=1#${infoHash}`);
        await until(page, 'the question', ({ text }) => text.includes('They see your internet'));
        const { peersAll } = (await (await fetch(`${first}/stats.json`)).json()) as { peersAll: number };
        expect(peersAll).toBe(1); // the seeder alone: nobody has heard of this viewer
        await agree(page);
        const begun = await until(page, 'playing', ({ time }) => time > 0.5);
        expect(begun.way).toBe('stream');
        expect(begun.duration).toBeCloseTo(FILM_SECONDS, 0);
        expect(await act(page, 'return video.textTracks[0].label + " " + video.textTracks[0].language')).toBe(
          'English en',
        );
        await until(page, 'its relay in the statistics', ({ numbers }) => numbers.includes(hostOf(first!)));
        expect((await read(page)).numbers).toMatch(/Fail-overs\s+0/);
        // What the page said before it knew is gone.
        expect(await page.locator('dl#numbers dt', { hasText: /^Peers$/ }).count()).toBe(1);
        expect(await page.locator('#files').innerText()).not.toContain('Not known yet');

        site.relays.kill(first!.replace('http', 'ws'));
        await act(page, `video.currentTime = ${FILM_SECONDS - 4}`);
        await until(page, 'playing on', ({ time }) => time > FILM_SECONDS - 3);
        const end = await until(page, 'the end', ({ ended }) => ended);
        expect(end.fromPeers).toBeGreaterThan(100_000);
        expect(end.fromServers).toBe(0);
        const after = await until(page, 'the next relay in the statistics', ({ numbers }) =>
          numbers.includes(hostOf(fourth!)),
        );
        expect(after.numbers).toMatch(/Fail-overs\s+1/);
        expect(after.numbers).not.toContain(hostOf(first!));
      },
      LONG_MS,
    );

    it(
      'gets the film from a viewer when the seeder has left',
      async () => {
        const [viewer] = site.browser
          .contexts()
          .flatMap((context) => context.pages())
          .slice(-1);
        await act(
          viewer!,
          'while (video.files.some((file) => !file.done)) await new Promise((done) => setTimeout(done, 100))',
        );
        await seeder.close();
        const [, , , fourth] = ranked;
        const later = await site.open(`${fourth}/watch?muted=1&autoplay=1#${infoHash}`);
        await agree(later);
        await until(later, 'the film from a viewer', ({ time }) => time > 1);
      },
      LONG_MS,
    );
  });
});

const hostOf = (url: string): string => new URL(url).host;
