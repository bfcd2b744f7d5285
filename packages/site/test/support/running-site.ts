// A swarm of relays that serve the pages, and a real Chromium, for tests that watch, embed and seed.
import { join } from 'node:path';
import type { Environment } from '@relay-swarm/kit';
import { infoHashKey, rankRelays } from '@relay-swarm/protocol/ranking';
import { decodeRoster } from '@relay-swarm/protocol/roster';
import { startRelays, type Relays, type RelaysOptions } from '../../../client/test/support/relays.ts';
import {
  launchChromium,
  type Browser,
  type BrowserContext,
  type Page,
} from '../../../../test/support/chromium.ts';
import { root } from '../../../../test/support/repository.ts';
import { ensureSite } from '../../build.mjs';

export interface RunningPages {
  readonly relays: Relays;
  /** Where the pages of the first relay are: `http://127.0.0.1:<port>`. */
  readonly pages: string;
  /** The pages of all relays in the order in which torrents of this info hash use them. */
  pagesByRank(infoHash: string): Promise<string[]>;
  stop(): Promise<void>;
}

export interface RunningSite extends RunningPages {
  readonly browser: Browser;
  /** A page in a context of its own, or in this one. */
  open(url: string, context?: BrowserContext): Promise<Page>;
}

export const pagesOf = (url: string): string => url.replace(/^ws/, 'http');

export async function startPages(
  relayCount: number,
  options: RelaysOptions = {},
  settings: Environment = {},
): Promise<RunningPages> {
  // Each of jest's workers builds the pages once.
  const www = join(root, 'node_modules', '.cache', 'relay-swarm', `www-${process.env['JEST_WORKER_ID']}`);
  await ensureSite(www);
  const relays = await startRelays(relayCount, { TRACKER_SITE_DIR: www, ...settings }, options);
  const pages = pagesOf(relays.urls[0]!);
  return {
    relays,
    pages,
    pagesByRank: async (infoHash) => {
      const roster = decodeRoster(await (await fetch(`${pages}/relays.json`)).text());
      return rankRelays(infoHashKey(infoHash), roster.relays).map(({ url }) => pagesOf(url));
    },
    stop: () => relays.stop(),
  };
}

export async function startSite(
  relayCount = 1,
  options: RelaysOptions = {},
  settings: Environment = {},
  browserArgs: readonly string[] = [],
): Promise<RunningSite> {
  const running = await startPages(relayCount, options, settings);
  const browser = await launchChromium(['--autoplay-policy=no-user-gesture-required', ...browserArgs]);
  return {
    ...running,
    browser,
    open: async (url, context) => {
      const page = await (context ?? (await browser.newContext())).newPage();
      await page.goto(url);
      return page;
    },
    stop: async () => {
      await browser.close();
      await running.stop();
    },
  };
}
