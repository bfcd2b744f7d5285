// The status page in a real Chromium, with every service of a relay behind it: what it shows of the swarm, and its test of everything.
import { compile, startCompiled, type ServerProcess } from '../../../../peerjs/test/support/processes.ts';
import { describeWithChromium, type Page } from '../../../../test/support/chromium.ts';
import { startSite, type RunningSite } from '../support/running-site.ts';

const LONG_MS = 120_000;

describeWithChromium('the status page', () => {
  let site: RunningSite;
  let signaling: ServerProcess;
  let page: Page;
  beforeAll(async () => {
    compile();
    signaling = await startCompiled({ PEERJS_REQUESTS_BURST: '1000' });
    site = await startSite(3, {}, { RELAY_PEERJS_URL: `http://127.0.0.1:${signaling.port}` });
    page = await site.open('about:blank');
    page.setDefaultTimeout(60_000);
    await page.goto(`${site.pages}/status`);
  }, LONG_MS);
  afterAll(async () => {
    await site.stop();
    await signaling.kill();
  }, LONG_MS);

  it(
    'shows the relays with the round trip from this browser, as a table and as a ring',
    async () => {
      await page.locator('#summary:has-text("All 3 relays take new browsers")').waitFor();
      await page.waitForFunction(
        `[...document.querySelectorAll('#relays tbody tr')].filter((row) => / ms/.test(row.textContent)).length === 3`,
      );
      await expect(page.locator('#relays tbody').textContent()).resolves.toContain('this one');
      await expect(page.locator('#ring .relay').count()).resolves.toBe(3);
      await page.waitForFunction(`document.querySelectorAll('#ring .time').length === 3`);
    },
    LONG_MS,
  );

  it(
    'plots the last hour',
    async () => {
      const plots = page.locator('.plot[role=img][aria-label*="in the last hour"]');
      await plots.first().locator('canvas').waitFor({ timeout: LONG_MS });
      await expect(plots.count()).resolves.toBe(4);
    },
    LONG_MS,
  );

  it(
    'tests from this browser what the relay offers, in words that can be copied',
    async () => {
      await page.click('#test');
      await page.locator('#copy-test').waitFor({ timeout: LONG_MS });
      const resultOf = async (title: string): Promise<string | null> =>
        page.locator('#findings li', { hasText: title }).locator('.result').textContent();
      for (const title of ['Two peers by the tracker', 'Two peers by PeerJS', 'A mesh of three'])
        expect([title, await resultOf(title)]).toEqual([title, 'works']);
      await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
      await page.click('#copy-test');
      const copied = await page.evaluate<string>('navigator.clipboard.readText()');
      expect(copied).toMatch(/^relay-swarm self-test of http:\/\/127\.0\.0\.1:\d+\n/);
      expect(copied).toMatch(/^works +A mesh of three: .* \(\d+ ms\)$/m);
    },
    LONG_MS,
  );

  it(
    'says what is wrong when a service and a relay are gone',
    async () => {
      await signaling.kill();
      site.relays.kill(site.relays.urls[2]!);
      await page.locator('#relays td:has-text("no answer")').waitFor({ timeout: LONG_MS });
      await page.click('#test');
      const failed = page.locator('#findings li.failed', { hasText: 'Two peers by PeerJS' });
      await failed.waitFor({ timeout: LONG_MS });
      await expect(failed.locator('p').textContent()).resolves.toContain(
        `PeerJS is expected at http://127.0.0.1:${signaling.port}`,
      );
    },
    LONG_MS,
  );
});
