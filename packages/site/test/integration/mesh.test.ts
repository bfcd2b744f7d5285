// The mesh's page: members of two tabs in one room, over real WebRTC; traces, a kill, an island.
import { startOurs, type ServerProcess } from '../../../../peerjs/test/support/processes.ts';
import { describeWithChromium, type Page } from '../../../../test/support/chromium.ts';
import { cleanup } from 'node-datachannel';
import { joinFromNode } from '../../../mesh/src/node.ts';
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
    [site, signaling] = [await startSite(), await startOurs({ PEERJS_REQUESTS_BURST: '1000' })];
  }, 120_000);
  afterAll(async () => {
    await site.stop();
    await signaling.kill();
    cleanup();
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

  it('draws the tree in red, in the graph as in the matrix', async () => {
    // All of it in one moment, since the picture is alive
    const { strokes, red, treeCells, otherLines, otherCells } = await one.evaluate<{
      strokes: string[];
      red: string;
      treeCells: number;
      otherLines: number;
      otherCells: number;
    }>(`(() => {
      const probe = document.body.appendChild(document.createElement('i'));
      probe.style.color = 'var(--bad)';
      const red = getComputedStyle(probe).color;
      probe.remove();
      const count = (selector) => document.querySelectorAll(selector).length;
      return {
        strokes: [...document.querySelectorAll('.mesh-graph line.tree')].map((line) => getComputedStyle(line).stroke),
        red,
        treeCells: count('.matrix td.tree'),
        otherLines: count('.mesh-graph line:not(.tree)'),
        otherCells: count('.matrix td.edge'),
      };
    })()`);
    expect(strokes).toEqual(Array(5).fill(red));
    expect([treeCells, otherCells]).toEqual([10, 2 * otherLines]); // each edge from both its ends
  }, 60_000);

  it('shows the numbers and the connections of whichever member is chosen, by a click or with the keyboard', async () => {
    const label = (at: number): Promise<string> => one.locator('.mesh-graph .here text').nth(at).innerHTML();
    const plain = async (at: number): Promise<string> => (await label(at)).replace(/<!--.*?-->/g, '');
    await one.locator('.mesh-graph .here').nth(1).click();
    await fact(one, 'Member', await plain(1));
    await one.locator('.mesh-graph .here').nth(2).press('Enter');
    await fact(one, 'Member', await plain(2));
    const links = await one.locator('#links tbody tr').count();
    await fact(one, 'Its links', String(links));
    expect(links).toBeGreaterThanOrEqual(3);
  }, 60_000);

  it('takes in whoever opens its link, and members in Node', async () => {
    const link = await one.locator('#room-link').innerText();
    const third = await site.open(`${link}&members=1`);
    const room = await joinFromNode('test', { signaling: `ws://127.0.0.1:${signaling.port}/mesh` });
    await fact(one, 'In the room', '8');
    await fact(third, 'In the room', '8');
    await fact(one, 'Parts of the room', '1');
    const heard = room.messages('trace').next();
    await one.click('#trace');
    expect((await heard).done).toBe(false);
    await room.leave();
    await third.context().close();
    await fact(one, 'In the room', '6');
    await fact(one, 'Parts of the room', '1');
  }, 90_000);

  it('lets a trace be watched on its way', async () => {
    await one.click('#trace');
    await one.locator('#said:has-text("reached 3 of the 3 other members")').waitFor({ timeout: 30_000 });
    await expect(one.locator('.mesh-graph g.lit').count()).resolves.toBe(3);
    await expect(one.locator('.mesh-graph line.lit').count()).resolves.toBe(3);
    await one.locator('.mesh-graph g.lit').first().click(); // one that has heard it
    await expect(one.locator('.mesh-graph g.lit').count()).resolves.toBe(0);
    await one.click('#trace');
    await one.locator('.mesh-graph g.lit').first().waitFor();
    await one.locator('.mesh-graph .here:not(.chosen)').first().click(); // while it is on its way: it goes on unseen
    await one.locator('#said:has-text("reached 3 of the 3 other members")').waitFor();
    await expect(one.locator('.mesh-graph g.lit').count()).resolves.toBe(0);
    const received = one.locator('#numbers div', { has: one.locator('dt:text-is("Messages received")') });
    expect(Number(await received.locator('dd').innerText())).toBeGreaterThan(0);
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

  it('adds a member, and starts a room of its own', async () => {
    const before = await one.locator('.mesh-graph .here').count();
    await one.click('#add');
    await fact(other, 'In the room', '6');
    await expect(one.locator('.mesh-graph .here').count()).resolves.toBe(before + 1);
    await one.click('#new-room');
    await one.locator('#room-link:not(:has-text("room=test"))').waitFor();
    await fact(one, 'Parts of the room', '1');
    await fact(other, 'In the room', '2');
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
