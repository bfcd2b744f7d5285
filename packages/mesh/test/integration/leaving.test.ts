// What is left of members that have gone: nothing that keeps a process from ending, and nothing that a page still holds.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { startService, type RunningService } from '../../../../peerjs/test/support/service.ts';
import {
  callPage,
  describeWithChromium,
  launchChromium,
  openPage,
  servePages,
  type Browser,
  type Page,
  type PageServer,
} from '../../../../test/support/chromium.ts';
import { programOf } from '../../../../test/support/compile.ts';
import { memberPage } from '../support/member-page.ts';
import type { MemberState } from '../support/member-program.ts';

const ENDS_WITHIN_MS = 60_000;

let service: RunningService;
const signaling = (): string => `ws://127.0.0.1:${service.port}/mesh`;

beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.stop());

describe('in Node', () => {
  let program: string;
  beforeAll(async () => {
    program = await programOf('packages/mesh/test/support/visit.ts');
  });

  it.each(['leave', 'abandon'])(
    'the process ends by itself (%s)',
    async (how) => {
      const child = spawn(process.execPath, [program, signaling(), how], {
        stdio: ['ignore', 'ignore', 'inherit'],
        env: { ...process.env, NODE_OPTIONS: '' },
        timeout: ENDS_WITHIN_MS,
      });
      expect(await once(child, 'exit')).toEqual([0, null]);
    },
    ENDS_WITHIN_MS + 10_000,
  );
});

describeWithChromium('in a page', () => {
  const COUNT = 4;
  let pages: PageServer;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    pages = await servePages(await memberPage());
    browser = await launchChromium();
    page = await openPage(browser, pages.url);
  }, 60_000);
  afterAll(async () => {
    await browser.close();
    await pages.close();
  });

  /** How many of these the page holds that are not closed. Chromium may keep a closed one for a minute and longer. */
  const held = async (names: readonly string[]): Promise<number[]> => {
    const session = await page.context().newCDPSession(page);
    const counts: number[] = [];
    for (const name of names) {
      const { result } = await session.send('Runtime.evaluate', { expression: `${name}.prototype` });
      const prototypeObjectId = result.objectId!;
      const { objects } = await session.send('Runtime.queryObjects', { prototypeObjectId });
      const { result: length } = await session.send('Runtime.callFunctionOn', {
        objectId: objects.objectId!,
        functionDeclaration:
          "function () { return this.filter((one) => one.signalingState !== 'closed' && one.readyState !== 'closed' && one.readyState !== 3).length; }",
      });
      counts.push(length.value as number);
    }
    await session.detach();
    return counts;
  };
  /** Keys of members are kept, up to a number, for whoever comes back. */
  const HANDLES = ['RTCPeerConnection', 'RTCDataChannel', 'WebSocket'];

  it('no connection, channel or socket is left', async () => {
    await callPage(page, 'enter', COUNT, 'visit', { signaling: signaling() });
    const isWhole = async (): Promise<boolean> =>
      (await callPage<MemberState[]>(page, 'state')).every(({ links }) => links === COUNT - 1);
    while (!(await isWhole())) await page.waitForTimeout(100);
    await callPage(page, 'broadcast', 'hello');
    const [connections, , sockets] = await held(HANDLES);
    expect(connections).toBeGreaterThanOrEqual(COUNT * (COUNT - 1));
    expect(sockets).toBe(COUNT);
    await callPage(page, 'leave');
    while ((await held(HANDLES)).some((count) => count > 0)) await page.waitForTimeout(200);
  }, 60_000);
});
