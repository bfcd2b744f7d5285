// The mesh's page: members of two tabs in one room, over real WebRTC; traces, a kill, an island.
import { compile, startCompiled, type ServerProcess } from '../../../../peerjs/test/support/processes.ts';
import { describeWithChromium, type Page } from '../../../../test/support/chromium.ts';
import { pagesOf, startSite, type RunningSite } from '../support/running-site.ts';

/** Until the chosen member's number is this. */
const fact = async (page: Page, label: string, value: string): Promise<void> => {
  const found = page.locator('#numbers div', { has: page.locator(`dt:text-is("${label}")`) });
  await found.locator(`dd:text-is("${value}")`).waitFor({ timeout: 40_000 });
};

describeWithChromium('the mesh page', () => {
  let site: RunningSite;
  let signaling: ServerProcess;
  let one: Page;
  let other: Page;

  const open = async (members: number): Promise<Page> => {
    const url = `ws://127.0.0.1:${signaling.port}/mesh`;
    return site.open(`${site.pages}/mesh#room=test&signaling=${url}&members=${members}`);
  };
  beforeAll(async () => {
    compile();
    [site, signaling] = [await startSite(), await startCompiled({ PEERJS_REQUESTS_BURST: '1000' })];
  }, 120_000);
  afterAll(async () => {
    await site.stop();
    await signaling.kill();
  }, 60_000);

  it('shows members of both tabs as one room', async () => {
    [one, other] = [await open(4), await open(2)];
    for (const page of [one, other]) {
      await fact(page, 'In the room', '6');
      await fact(page, 'Parts of the room', '1');
    }
    await expect(one.locator('.mesh-graph .here').count()).resolves.toBe(4);
    await expect(one.locator('.mesh-graph .elsewhere').count()).resolves.toBe(2);
    await expect(one.locator('.mesh-graph line.tree').count()).resolves.toBe(5);
    await expect(one.locator('.matrix tbody tr').count()).resolves.toBe(6);
  }, 90_000);

  it('lets a trace be watched on its way', async () => {
    await one.click('#trace');
    await one.locator('#said:has-text("reached 3 of the 3 other members")').waitFor({ timeout: 30_000 });
    await expect(one.locator('.mesh-graph g.lit').count()).resolves.toBe(3);
  }, 60_000);

  it('parts a member from the rest: the server carries its messages, and the room heals', async () => {
    await one.click('#island');
    await fact(one, 'Its links', '0');
    await one.click('#trace');
    await one.locator('#said:has-text("reached 3 of the 3 other members")').waitFor({ timeout: 30_000 });
    await one.click('#island');
    await fact(one, 'Parts of the room', '1');
  }, 90_000);

  it('notices that a member was killed', async () => {
    await one.click('#kill');
    await fact(other, 'In the room', '5');
    await fact(other, 'Parts of the room', '1');
  }, 90_000);
});

describeWithChromium('a room whose page was opened on two relays', () => {
  let site: RunningSite;
  let one: Page;
  let other: Page;

  beforeAll(async () => {
    site = await startSite(2, { hasPeerjs: true });
  }, 120_000);
  afterAll(() => site.stop(), 60_000);

  it('is one room, introduced by both', async () => {
    const [here, there] = site.relays.urls.map(pagesOf);
    one = await site.open(`${here}/mesh#room=shared&members=3`);
    other = await site.open(`${there}/mesh#room=shared&members=2`);
    for (const page of [one, other]) {
      await fact(page, 'In the room', '5');
      await fact(page, 'Parts of the room', '1');
      await fact(page, 'Servers', '2 of 2');
    }
  }, 90_000);

  it('goes on when one relay dies, and takes newcomers of the other', async () => {
    const [here, there] = site.relays.urls;
    site.relays.kill(here!);
    await fact(one, 'Servers', '1 of 2'); // no third one that could take its place
    const third = await site.open(`${pagesOf(there!)}/mesh#room=shared&members=1`);
    for (const page of [one, other, third]) {
      await fact(page, 'In the room', '6');
      await fact(page, 'Parts of the room', '1');
    }
    await one.click('#trace');
    await one.locator('#said:has-text("reached 2 of the 2 other members")').waitFor({ timeout: 30_000 });
  }, 120_000);
});
