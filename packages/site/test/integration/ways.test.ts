// Where the bytes may come from, in a real Chromium: relay-seeder and a web seed together, the web seed alone with or without other viewers allowed,
// and a .torrent's address.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeWithChromium } from '../../../../test/support/chromium.ts';
import { requireTool } from '../../../../test/support/tools.ts';
import { runSeeder, type SeederProcess } from '../../../seeder/test/support/seeder-process.ts';
import { makeFilm } from '../support/film.ts';
import { startSite, type RunningSite } from '../support/running-site.ts';
import { act, agree, until } from '../support/viewer.ts';
import { serveWebSeed, type WebSeedServer } from '../support/web-seed-server.ts';

const LONG_MS = 120_000;

requireTool('ffmpeg')('the ways to a viewer', () => {
  describeWithChromium('in Chromium', () => {
    let site: RunningSite;
    let folder: string;
    let film: Buffer;
    let webSeed: WebSeedServer;
    let seeder: SeederProcess;
    let infoHash: string;
    let torrents: WebSeedServer | undefined;
    beforeAll(async () => {
      site = await startSite();
      folder = await mkdtemp(join(tmpdir(), 'ways-'));
      film = await makeFilm();
      await writeFile(join(folder, 'film.webm'), film);
      webSeed = await serveWebSeed('film.webm', film, { delayMs: 300 }); // so slow that peers have their share
      const args = ['--web-seed', webSeed.url, '--roster', site.pages, '--state', join(folder, 'state')];
      seeder = await runSeeder(['seed', join(folder, 'film.webm'), ...args]);
      infoHash = String((await seeder.event('seeding'))['infoHash']);
    }, LONG_MS);
    afterAll(async () => {
      await seeder.stop();
      await Promise.all([site.stop(), webSeed.close(), torrents?.close()]);
      await rm(folder, { recursive: true, force: true });
    });

    it(
      'is relay-seeder and its web seed, both at once',
      async () => {
        const page = await site.open(String((await seeder.event('seeding'))['watch']));
        await agree(page);
        await until(page, 'playing', ({ time }) => time > 0.5);
        await act(page, 'video.currentTime = video.duration - 1');
        const end = await until(page, 'the end', ({ ended }) => ended);
        expect(end.way).toBe('stream');
        const both = await until(page, 'bytes of both', ({ fromPeers, fromServers }) => {
          return fromPeers > 0 && fromServers > 0 && fromPeers + fromServers >= film.length;
        });
        expect(both.fromPeers / (both.fromPeers + both.fromServers)).toBeGreaterThan(0);
        await page.context().close();
      },
      LONG_MS,
    );

    it(
      'is the web seed alone where nobody else has it',
      async () => {
        await seeder.stop();
        const magnet = `magnet:?xt=urn:btih:${infoHash}&ws=${encodeURIComponent(webSeed.url)}`;
        for (const p2p of ['off', 'auto']) {
          const page = await site.open(
            `${site.pages}/watch?muted=1&autoplay=1&warningTitle=0&p2p=${p2p}#${magnet}`,
          );
          const playing = await until(page, `playing with p2p=${p2p}`, ({ time }) => time > 1);
          expect([playing.way, playing.fromPeers]).toEqual(['server', 0]);
          expect(await page.locator('#files').innerText()).toMatch(/^Not known: the server has this one/);
          await page.locator('dl#numbers', { hasText: 'Server (HTTP)' }).waitFor();
          expect(await page.locator('dl#numbers').innerText()).not.toContain('Received');
          await page.context().close();
        }
      },
      LONG_MS,
    );

    it(
      'is the web seed in checked pieces where the .torrent is known',
      async () => {
        const torrent = join(folder, 'film.torrent');
        const made = await runSeeder([
          ...['make', join(folder, 'film.webm'), '-o', torrent, '-w', webSeed.url, '--roster', site.pages],
        ]);
        expect(await made.ended).toBe(0);
        torrents = await serveWebSeed('film.torrent', await readFile(torrent));
        const page = await site.open(
          `${site.pages}/watch?muted=1&autoplay=1&warningTitle=0&p2p=off#${torrents.url}`,
        );
        const playing = await until(page, 'playing', ({ time }) => time > 1);
        expect([playing.way, playing.fromPeers]).toEqual(['stream', 0]);
        expect(playing.fromServers).toBeGreaterThan(0);
      },
      LONG_MS,
    );
  });
});
