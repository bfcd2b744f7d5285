// A large file at /seed, at /watch and at relay-seeder: how much more memory each takes, which must not grow with the file. A drill, by hand:
//   LARGE_FILE_MB=1000 npm test -- packages/site/test/integration/large-file.test.ts
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  describeWithChromium,
  launchChromiumWithProfile,
  type BrowserContext,
  type Page,
} from '../../../../test/support/chromium.ts';
import { runSeeder, type SeederProcess } from '../../../seeder/test/support/seeder-process.ts';
import { findChild } from '../support/process-memory.ts';
import { watchMemory, type Growth } from '../support/memory-watch.ts';
import { startPages, type RunningPages } from '../support/running-site.ts';
import { makeSound } from '../support/sound.ts';
import { act, agree, until } from '../support/viewer.ts';

const MB = 1_000_000;
const FILE_BYTES = Number(process.env['LARGE_FILE_MB'] ?? 0) * MB;
const LONG_MS = 60_000 + FILE_BYTES / 1_000;
/** What packages/site/README.md and packages/seeder/README.md state, whatever the size of the file. */
const BROWSER_GROWTH_BYTES_MAX = 600 * MB;
/** 120 MB a second are read, which the browser collects in its own time. */
const HASHING_GROWTH_BYTES_MAX = 800 * MB;
const SEEDER_GROWTH_BYTES_MAX = 150 * MB;

(FILE_BYTES > 0 ? describeWithChromium : describe.skip)('a large file', () => {
  let folder: string;
  let file: string;
  let site: RunningPages;
  const seeders: SeederProcess[] = [];
  const browsers: BrowserContext[] = [];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'large-file-'));
    file = join(folder, 'noise.wav');
    await makeSound(file, FILE_BYTES);
    site = await startPages(1);
  }, LONG_MS);
  afterEach(async () => {
    await Promise.all(seeders.splice(0).map((seeder) => seeder.stop()));
    await Promise.all(browsers.splice(0).map((browser) => browser.close()));
  }, LONG_MS);
  afterAll(async () => {
    await site.stop();
    await rm(folder, { recursive: true, force: true });
  }, LONG_MS);

  const startSeeder = async (source: string): Promise<SeederProcess> => {
    const state = join(folder, `state-${seeders.length}`);
    const folders = ['--state', state, '--downloads', join(folder, 'downloads')];
    const seeder = await runSeeder(['seed', source, '--roster', site.pages, ...folders]);
    seeders.push(seeder);
    return seeder;
  };
  const openBrowser = async (): Promise<{ page: Page; pid: number }> => {
    const profile = await mkdtemp(join(folder, 'profile-'));
    const browser = await launchChromiumWithProfile(profile, ['--autoplay-policy=no-user-gesture-required']);
    browsers.push(browser);
    return { page: browser.pages()[0] ?? (await browser.newPage()), pid: findChild(profile) };
  };
  const tell = (what: string, { before, most, after, mostByKind }: Growth, bytesMax: number): void => {
    const mb = (bytes: number): string => `${Math.round(bytes / MB)} MB`;
    const kinds = Object.entries(mostByKind).map(([kind, bytes]) => `${kind} ${mb(bytes)}`);
    process.stderr.write(
      `${what}: +${mb(most - before)} at most, +${mb(after - before)} at the end (from ${mb(before)}; ${kinds.join(', ')})\n`,
    );
    expect(most - before).toBeLessThan(bytesMax);
  };

  it(
    'plays at /watch, from relay-seeder',
    async () => {
      const seeder = await startSeeder(file);
      const { watch } = (await seeder.event('seeding', undefined, LONG_MS)) as unknown as { watch: string };
      const { page, pid } = await openBrowser();
      await page.goto(watch);
      await page.getByRole('button', { name: 'Watch and pass on' }).waitFor();
      let ofSeeder: Growth | undefined;
      const ofBrowser = await watchMemory(pid, async () => {
        ofSeeder = await watchMemory(seeder.pid, async () => {
          await agree(page);
          await until(page, 'playing', ({ time }) => time > 0.5);
          await act(page, 'video.muted = true; video.playbackRate = 4');
          await act(page, 'video.currentTime = video.duration / 2');
          await until(page, 'the middle', ({ time, duration }) => time > duration / 2 + 1);
          await act(
            page,
            'while (video.files.some((file) => !file.done)) await new Promise((done) => setTimeout(done, 100))',
          );
          await act(page, 'video.currentTime = video.duration - 4; await video.play()'); // it may have ended before
          await until(page, 'the end', ({ ended }) => ended);
        });
      });
      const silent = String(await act(page, 'return video.getStats().silentPeers'));
      process.stderr.write(`/watch let a silent peer go ${silent} times\n`);
      tell('/watch', ofBrowser, BROWSER_GROWTH_BYTES_MAX);
      tell('relay-seeder, sending', ofSeeder!, SEEDER_GROWTH_BYTES_MAX);
    },
    LONG_MS * 3,
  );

  it(
    'is hashed and sent by /seed, and received by relay-seeder',
    async () => {
      const { page, pid } = await openBrowser();
      await page.goto(`${site.pages}/seed`);
      const link = page.locator('.code.link');
      const hashing = await watchMemory(pid, async () => {
        await page.locator('#files').setInputFiles(file);
        await link.waitFor({ timeout: LONG_MS });
      });
      tell('/seed, hashing', hashing, HASHING_GROWTH_BYTES_MAX);
      const magnet = ((await link.textContent()) ?? '').split('#')[1]!;
      let ofSeeder: Growth | undefined;
      const sending = await watchMemory(pid, async () => {
        const seeder = await startSeeder(magnet);
        ofSeeder = await watchMemory(seeder.pid, () =>
          seeder.event('note', ({ message }) => String(message).includes('has arrived'), LONG_MS),
        );
      });
      tell('/seed, sending', sending, BROWSER_GROWTH_BYTES_MAX);
      tell('relay-seeder, receiving', ofSeeder!, SEEDER_GROWTH_BYTES_MAX);
    },
    LONG_MS * 3,
  );
});
