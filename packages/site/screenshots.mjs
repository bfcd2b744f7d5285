// Pictures of every page, as its visitors see it: in both themes, on a phone and on a desk.
//   node packages/site/screenshots.mjs [FOLDER] [URL]     needs the running bundle (npm start), a Chromium, and ffmpeg for a film to play
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { argv, env } from 'node:process';
import { chromium } from 'playwright-core';

const [folder = 'pictures', url = 'http://localhost:5001'] = argv.slice(2);
const THEMES = /** @type {const} */ (['light', 'dark']);
const SIZES = { phone: { width: 360, height: 740 }, desk: { width: 1280, height: 800 } };
const LONG_MS = 60_000;

/** A film with something to see: a fractal that turns. */
function makeFilm() {
  const work = mkdtempSync(join(tmpdir(), 'screenshots-'));
  const file = join(work, 'A film.webm');
  const picture = ['-f', 'lavfi', '-i', 'gradients=size=1280x720:rate=15:duration=12:speed=0.02:seed=3'];
  execFileSync('ffmpeg', [
    ...['-v', 'error', ...picture, '-pix_fmt', 'yuv420p', '-c:v', 'libvpx', '-deadline', 'realtime'],
    ...['-b:v', '1M', '-g', '15', '-cues_to_front', '1', file],
  ]);
  const content = readFileSync(file);
  rmSync(work, { recursive: true });
  return content;
}

const browser = await chromium.launch({
  executablePath: env['CHROMIUM'] ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--autoplay-policy=no-user-gesture-required'],
});
mkdirSync(folder, { recursive: true });
const failed = [];

const seeding = await browser.newPage();
await seeding.goto(`${url}/seed`);
await seeding
  .locator('#files')
  .setInputFiles({ name: 'A film.webm', mimeType: 'video/webm', buffer: makeFilm() });
await seeding.locator('.code.link').waitFor({ timeout: LONG_MS });
const magnet = ((await seeding.locator('.code.link').textContent()) ?? '').split('#')[1] ?? '';
const play = `muted=1&autoplay=1&warningTitle=0`;

/** @typedef {import('playwright-core').Page} Page */
/** What is shown of each page, and what has to be there first.
 * @type {Record<string, { path: string, ready?: (page: Page) => Promise<unknown> }>} */
const shots = {
  home: { path: '/' },
  watch: { path: '/watch' },
  consent: { path: `/watch#${magnet}`, ready: (page) => page.locator('.over button').first().waitFor() },
  playing: {
    path: `/watch?${play}&stats=1#${magnet}`,
    ready: async (page) => {
      await page.waitForFunction(`document.querySelector('swarm-video')?.currentTime > 2`, undefined, {
        timeout: LONG_MS,
      });
      await page.locator('swarm-video .stats').waitFor();
    },
  },
  fault: {
    path: '/watch#film',
    ready: async (page) => {
      await page.locator('.over button').first().click();
      await page.waitForTimeout(3_000);
    },
  },
  paused: {
    path: `/watch?warningTitle=0#${magnet}`,
    ready: (page) =>
      page.waitForFunction(`document.querySelector('swarm-video')?.duration > 1`, undefined, {
        timeout: LONG_MS,
      }),
  },
  embed: {
    path: `/embed?${play}#${magnet}`,
    ready: (page) =>
      page.waitForFunction(`document.querySelector('swarm-video')?.currentTime > 1`, undefined, {
        timeout: LONG_MS,
      }),
  },
  'embed-code': {
    path: `/embed-code#${magnet}`,
    ready: (page) => page.locator('#preview iframe').waitFor(),
  },
  seed: { path: '/seed' },
  seeding: {
    path: '/seed',
    ready: async (page) => {
      const buffer = Buffer.from(`shared at ${Date.now()}`);
      await page.locator('#files').setInputFiles({ name: 'notes.txt', mimeType: 'text/plain', buffer });
      await page.locator('.code.link').waitFor({ timeout: LONG_MS });
    },
  },
  mesh: { path: '/mesh', ready: (page) => page.waitForTimeout(8_000) },
  status: { path: '/status', ready: (page) => page.waitForTimeout(6_000) },
};

for (const colorScheme of THEMES)
  for (const [size, viewport] of Object.entries(SIZES)) {
    for (const [name, { path, ready }] of Object.entries(shots)) {
      const context = await browser.newContext({
        ...{ colorScheme, viewport, deviceScaleFactor: 1 },
        bypassCSP: true, // what is waited for is asked by eval, which the pages' policy refuses
      });
      const page = await context.newPage();
      try {
        await page.goto(url + path);
        await ready?.(page);
        await page.screenshot({ path: join(folder, `${name}-${size}-${colorScheme}.png`), fullPage: true });
      } catch (error) {
        failed.push(`${name} (${size}, ${colorScheme}): ${error instanceof Error ? error.message : error}`);
      } finally {
        await context.close();
      }
    }
  }
await browser.close();
for (const fault of failed) console.error(`Cannot take ${fault}`);
process.exitCode = failed.length === 0 ? 0 : 1;
