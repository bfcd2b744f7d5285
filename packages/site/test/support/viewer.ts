// A viewer in a real browser: opens a player, and tells what it plays.
import type { Page } from '../../../../test/support/chromium.ts';

export interface Playing {
  readonly time: number;
  readonly duration: number;
  readonly ended: boolean;
  readonly paused: boolean;
  readonly way: string | undefined;
  readonly peers: number;
  readonly fromPeers: number;
  readonly fromServers: number;
  readonly text: string;
  /** The numbers over the picture. */
  readonly numbers: string;
}

/** What runs in the page; also in Firefox, which is driven by another library. */
const READ_PLAYER = `(() => {
  const video = document.querySelector('swarm-video');
  const stats = video?.getStats?.();
  return {
    time: video?.currentTime ?? -1,
    duration: video?.duration || 0,
    ended: video?.ended ?? false,
    paused: video?.paused ?? true,
    way: video?.way,
    peers: stats?.peers ?? 0,
    fromPeers: stats?.fromPeers ?? 0,
    fromServers: stats?.fromServers ?? 0,
    text: document.body.innerText,
    numbers: video?.shadowRoot?.getElementById('numbers')?.innerText ?? '',
  };
})()`;

/** Anything that runs a program in a page: Playwright's page or frame, Puppeteer's page. */
export interface Evaluator {
  evaluate(script: string): Promise<unknown>;
}

export const read = async (page: Evaluator): Promise<Playing> =>
  (await page.evaluate(READ_PLAYER)) as Playing;

/** Waits for a condition, as long as a busy machine may need. */
export async function until(
  page: Evaluator,
  what: string,
  condition: (now: Playing) => boolean,
  msMax = 40_000,
): Promise<Playing> {
  const untilMs = performance.now() + msMax;
  for (;;) {
    const now = await read(page);
    if (condition(now)) return now;
    if (performance.now() > untilMs)
      throw new Error(`${what}: not within ${msMax} ms, but ${JSON.stringify(now)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

export const act = (page: Evaluator, action: string): Promise<unknown> =>
  page.evaluate(`(async () => { const video = document.querySelector('swarm-video'); ${action} })()`);

/** Answers the question about sharing. */
export async function agree(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Watch and pass on' }).click();
}
