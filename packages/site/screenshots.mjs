// Pictures of every page, as its visitors see it: in both themes, on a phone and on a desk.
//   node packages/site/screenshots.mjs [FOLDER] [URL] [NAME…]     needs the running bundle (npm start), a Chromium, and ffmpeg for a film to play
// NAME is a page's, below, or a picture's (watch-desk-dark).
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { argv, env } from 'node:process';
import { chromium } from 'playwright-core';

const [folder = 'pictures', url = 'http://localhost:5001', ...wanted] = argv.slice(2);
const THEMES = /** @type {const} */ (['light', 'dark']);
const SIZES = { phone: { width: 360, height: 740 }, desk: { width: 1280, height: 800 } };
const LONG_MS = 60_000;

/** A film with something to see: the light of a sun that goes down. */
function makeFilm() {
  const work = mkdtempSync(join(tmpdir(), 'screenshots-'));
  const file = join(work, 'A film.webm');
  const colours = 'c0=0xffe8b0:c1=0xff9a6b:c2=0x6b4fd0:c3=0x141a4a:nb_colors=4';
  const light = `type=radial:x0=640:y0=420:x1=1250:y1=720:speed=0.01:${colours}`;
  const picture = ['-f', 'lavfi', '-i', `gradients=size=1280x720:rate=15:duration=12:${light}`];
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
  args: [
    '--no-sandbox',
    '--autoplay-policy=no-user-gesture-required',
    // A relay of the lab has an address and no TLS; a page of it has what it would have with TLS.
    `--unsafely-treat-insecure-origin-as-secure=${new URL(url).origin}`,
  ],
});
mkdirSync(folder, { recursive: true });
const failed = [];

const film = makeFilm();
/** Shared from a page of its own; gives back the magnet.
 * @param {string} name @param {Buffer} buffer */
async function share(name, buffer) {
  const page = await browser.newPage();
  await page.goto(`${url}/seed`);
  await page.locator('#files').setInputFiles({ name, mimeType: '', buffer });
  await page.locator('.code.link').waitFor({ timeout: LONG_MS });
  return ((await page.locator('.code.link').textContent()) ?? '').split('#')[1] ?? '';
}
const magnet = await share('A film.webm', film);
const notes = await share('notes.txt', Buffer.from('Nine o’clock, at the old mill.'));
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
      await page.mouse.move(300, 300); // the controls come
      await page.waitForTimeout(500);
    },
  },
  fault: {
    path: '/watch#film',
    ready: (page) => page.locator('.over [role=alert]').waitFor(),
  },
  searching: {
    path: `/watch?autoplay=1&muted=1&warningTitle=0#${'ab'.repeat(20)}`,
    ready: (page) => page.locator('.over.waiting').waitFor(),
  },
  saving: {
    path: `/watch?warningTitle=0#${notes}`,
    ready: (page) => page.getByRole('button', { name: 'Save: notes.txt' }).waitFor(),
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
    ready: async (page) => {
      await page.waitForFunction(`document.querySelector('swarm-video')?.currentTime > 1`, undefined, {
        timeout: LONG_MS,
      });
      await page.mouse.move(100, 300);
      await page.waitForTimeout(500);
    },
  },
  'embed-question': {
    path: `/embed#${magnet}`,
    ready: (page) => page.locator('.over button').first().waitFor(),
  },
  'embed-code': {
    path: `/embed-code#${magnet}`,
    ready: (page) => page.locator('#preview iframe').waitFor(),
  },
  seed: { path: '/seed' },
  seeding: {
    path: '/seed',
    ready: async (page) => {
      const buffer = Buffer.concat([film, Buffer.from(`shared at ${Date.now()}`)]);
      await page.locator('#files').setInputFiles({ name: 'A film.webm', mimeType: 'video/webm', buffer });
      await page.locator('.code.link').waitFor({ timeout: LONG_MS });
      await page.waitForTimeout(2_000);
    },
  },
  mesh: { path: '/mesh', ready: (page) => page.waitForTimeout(8_000) },
  status: { path: '/status', ready: (page) => page.waitForTimeout(6_000) },
  tested: {
    path: '/status',
    ready: async (page) => {
      await page.locator('#test').click();
      await page.locator('#copy-test').waitFor({ timeout: 2 * LONG_MS });
    },
  },
};

for (const colorScheme of THEMES)
  for (const [size, viewport] of Object.entries(SIZES)) {
    for (const [name, { path, ready }] of Object.entries(shots)) {
      const picture = `${name}-${size}-${colorScheme}`;
      if (wanted.length > 0 && !wanted.includes(name) && !wanted.includes(picture)) continue;
      const context = await browser.newContext({
        ...{ colorScheme, viewport, deviceScaleFactor: 1 },
        bypassCSP: true, // what is waited for is asked by eval, which the pages' policy refuses
      });
      const page = await context.newPage();
      try {
        await page.goto(url + path);
        await ready?.(page);
        await page.screenshot({ path: join(folder, `${picture}.png`), fullPage: true });
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
