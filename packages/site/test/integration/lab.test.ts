// The lab's page, on three real relays: two peers talk, their relay is killed, they go on at the next one, and a newcomer finds them there.
import { describeWithChromium } from '../../../../test/support/chromium.ts';
import { startSite, type RunningSite } from '../support/running-site.ts';

const SOON_MS = 60_000;

describeWithChromium('/lab', () => {
  let site: RunningSite;

  beforeAll(async () => {
    site = await startSite(3);
  }, 120_000);
  afterAll(() => site.stop());

  it('shows how two peers outlive the relay that they use', async () => {
    const page = await (await site.browser.newContext()).newPage();
    // As at http://10.214.0.11: browsers keep these two for secure pages, and 127.0.0.1 would count as one.
    await page.addInitScript(
      `for (const name of ['subtle', 'randomUUID']) Object.defineProperty(Crypto.prototype, name, { value: undefined });`,
    );
    await page.goto(`${site.pages}/lab`);
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(String(error)));
    const fact = async (peer: string, name: string): Promise<string> =>
      page.locator(`#${peer} div`).filter({ hasText: name }).locator('dd').innerText();
    const until = async (what: string, isSo: () => Promise<boolean>): Promise<void> => {
      for (const untilMs = Date.now() + SOON_MS; !(await isSo());) {
        if (Date.now() > untilMs)
          throw new Error(`Waited ${SOON_MS} ms for ${what}: ${await page.locator('main').innerText()}`);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    };
    for (const peer of ['a', 'b']) await until('words', async () => Number(await fact(peer, 'Heard')) > 2);
    const before = await fact('a', 'At');
    expect(await fact('b', 'At')).toBe(before);
    const address = await page
      .locator('#relays tr')
      .filter({ hasText: 'peer A' })
      .locator('td')
      .last()
      .innerText();
    expect(await page.locator('#command').innerText()).toBe(
      `scripts/lab kill ${before.replace('relay ', '')}`,
    );

    site.relays.kill(address);
    for (const peer of ['a', 'b'])
      await until('another relay', async () => (await fact(peer, 'At')) !== before);
    const heard = Number(await fact('a', 'Heard'));
    await until('more words', async () => Number(await fact('a', 'Heard')) > heard + 2);
    expect(parseFloat(await fact('a', 'Longest silence'))).toBeLessThan(10);
    expect(await page.locator('#log').innerText()).toMatch(/Peer A: relay \d .*now at relay \d/);

    await page.getByRole('button', { name: 'Let one come' }).click();
    await until('the newcomer', async () => /found the room/.test(await page.locator('#came').innerText()));
    const folder = process.env['SCREENSHOTS'];
    if (folder !== undefined) {
      for (const [name, width, colorScheme] of [
        ['desktop-light', 1200, 'light'],
        ['desktop-dark', 1200, 'dark'],
        ['phone-light', 390, 'light'],
      ] as const) {
        await page.emulateMedia({ colorScheme });
        await page.setViewportSize({ width, height: 900 });
        await page.screenshot({ path: `${folder}/lab-${name}.png`, fullPage: true });
      }
    }
    expect(errors).toEqual([]);
    await page.context().close();
  }, 150_000);
});
