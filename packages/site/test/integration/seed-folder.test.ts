// A folder that is dropped on /seed, in a real Chromium: all of it arrives as it was, also what makers of torrents like to leave out.
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeWithChromium } from '../../../../test/support/chromium.ts';
import { startSite, type RunningSite } from '../support/running-site.ts';
import { downloadInStockPage } from '../support/stock-seeder.ts';

const LONG_MS = 120_000;

describeWithChromium('a folder that is shared', () => {
  let site: RunningSite;
  let folder: string;
  const draft = 'a draft, which an editor left behind';
  beforeAll(async () => {
    site = await startSite();
    folder = join(await mkdtemp(join(tmpdir(), 'seed-folder-')), 'papers');
    await mkdir(join(folder, 'inner'), { recursive: true });
    await writeFile(join(folder, 'draft.txt~'), draft);
    await writeFile(join(folder, 'inner', 'paper.txt'), 'a paper');
    await writeFile(join(folder, '.hidden'), 'nothing for others');
  }, LONG_MS);
  afterAll(async () => {
    await site.stop();
    await rm(join(folder, '..'), { recursive: true });
  });

  it(
    'is one torrent, whose files arrive as they were',
    async () => {
      const page = await site.open(`${site.pages}/seed`);
      const box = (await page.locator('#drop').boundingBox())!;
      const session = await page.context().newCDPSession(page);
      const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
      for (const type of ['dragEnter', 'dragOver', 'drop'] as const)
        await session.send('Input.dispatchDragEvent', {
          ...{ type, x, y },
          data: { items: [], files: [folder], dragOperationsMask: 1 },
        });
      const link = page.locator('.code.link');
      await link.waitFor();
      const magnet = ((await link.textContent()) ?? '').split('#')[1]!;
      expect(magnet).toContain('&dn=papers&');
      expect(await page.locator('#seeds h2').innerText()).toContain(`${draft.length + 'a paper'.length} B`);
      const digest = createHash('sha256').update(draft).digest('hex');
      expect(await downloadInStockPage(site.browser, magnet)).toBe(digest);
      await page.context().close();
    },
    LONG_MS,
  );
});
