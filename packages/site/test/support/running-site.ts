// Two relays that serve the pages, and a real Chromium, for tests that watch, embed and seed.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  launchChromium,
  type Browser,
  type BrowserContext,
  type Page,
} from '../../../../test/support/chromium.ts';
import { spawnTracker, type TrackerProcess } from '../../../../tracker/test/support/tracker-process.ts';
import { buildSite } from '../../build.mjs';

export interface RunningSite {
  readonly browser: Browser;
  readonly first: TrackerProcess;
  readonly second: TrackerProcess;
  /** The built files. */
  readonly www: string;
  /** A page in a context of its own, or in this one. */
  open(url: string, context?: BrowserContext): Promise<Page>;
  stop(): Promise<void>;
}

/** Where a relay's pages are. */
export const pagesOf = ({ port }: TrackerProcess): string => `http://127.0.0.1:${port}`;

export async function startSite(): Promise<RunningSite> {
  const folder = await mkdtemp(join(tmpdir(), 'site-'));
  const www = join(folder, 'www');
  await buildSite(www);
  // One after the other: each compiles, and ends esbuild's helper when it is done.
  const first = await spawnTracker({ TRACKER_SITE_DIR: www });
  const second = await spawnTracker({ TRACKER_SITE_DIR: www });
  const browser = await launchChromium(['--autoplay-policy=no-user-gesture-required']);
  return {
    browser,
    first,
    second,
    www,
    open: async (url, context) => {
      const page = await (context ?? (await browser.newContext())).newPage();
      await page.goto(url);
      return page;
    },
    stop: async () => {
      await browser.close();
      await Promise.all([first.stop(), second.stop()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
