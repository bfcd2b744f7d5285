// relay-seeder while relays die: every relay that its torrent uses is killed, and a browser that comes later gets the file over the one that is
// left; then the seeder itself is killed, and starts again while the relay that it was told of is still down.
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { infoHashKey, rankRelays } from '@relay-swarm/protocol/ranking';
import { decodeRoster } from '@relay-swarm/protocol/roster';
import { describeWithChromium, launchChromium, type Browser } from '../../../../test/support/chromium.ts';
import { startRelays, type Relays } from '../../../client/test/support/relays.ts';
import { downloadInStockPage } from '../../../site/test/support/stock-seeder.ts';
import { runSeeder, type SeederProcess } from '../support/seeder-process.ts';

const LONG_MS = 120_000;
const RELAYS = 4; // a torrent uses three
const pagesOf = (url: string): string => url.replace('ws', 'http');

describeWithChromium('relay-seeder, and relays that die', () => {
  let folder: string;
  let relays: Relays;
  let browser: Browser;
  const running: SeederProcess[] = [];
  const content = randomBytes(300_000);
  const seed = async (roster: string): Promise<SeederProcess> => {
    const file = join(folder, 'film.bin');
    const options = ['--state', join(folder, 'state'), '--downloads', join(folder, 'downloads')];
    const seeder = await runSeeder(['seed', file, '--roster', roster, ...options]);
    running.push(seeder);
    return seeder;
  };
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'relay-death-'));
    await writeFile(join(folder, 'film.bin'), content);
    [relays, browser] = [await startRelays(RELAYS), await launchChromium()];
  }, LONG_MS);
  afterAll(async () => {
    await Promise.all(running.map((seeder) => seeder.kill()));
    await Promise.all([browser.close(), relays.stop()]);
    await rm(folder, { recursive: true, force: true });
  });

  it(
    'goes on over the relay that is left, also after its own restart, without hashing again',
    async () => {
      const roster = await fetch(`${pagesOf(relays.urls[0]!)}/relays.json`);
      const seeder = await seed(pagesOf(relays.urls[0]!));
      const told = await seeder.event('seeding');
      expect(told['isHashed']).toBe(true);
      const infoHash = String(told['infoHash']);
      const ranked = rankRelays(infoHashKey(infoHash), decodeRoster(await roster.text()).relays);
      const [left, ...used] = ranked.map(({ url }) => url).reverse();
      const viaLeft = `magnet:?xt=urn:btih:${infoHash}&tr=${encodeURIComponent(left!)}`;
      expect(told['magnet']).not.toContain(encodeURIComponent(left!));

      for (const url of used) relays.kill(url);
      const digest = createHash('sha256').update(content).digest('hex');
      expect(await downloadInStockPage(browser, viaLeft)).toBe(digest);

      await seeder.kill();
      const dead = used.includes(relays.urls[0]!) ? relays.urls[0]! : used[0]!;
      expect(await (await seed(pagesOf(dead))).event('seeding')).toMatchObject({ infoHash, isHashed: false });
      expect(await downloadInStockPage(browser, viaLeft)).toBe(digest);
    },
    LONG_MS,
  );
});
