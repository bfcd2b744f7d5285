// Stock PeerJS in two Chromium pages through the running bundle: by name, by way of nginx, with the bundle's own TURN server.
import { compose, composeWith, eventually, get, port } from '../../../test/support/bundle.ts';
import {
  callPage,
  describeWithChromium,
  launchChromium,
  openPage,
  servePages,
  type Browser,
  type Page,
  type PageServer,
} from '../../../test/support/chromium.ts';
import { clientPage, MEDIA_FLAGS } from '../support/page.ts';

const HOST = 'peerjs.localhost';
const relay = `http://${HOST}:${port}`;
const TIMEOUT_MS = 120_000;

const up = (env: NodeJS.ProcessEnv): string =>
  composeWith(env, 'up', '--detach', '--no-build', '--no-deps', '--wait', 'peerjs');

const serverAnswers = (): Promise<unknown> =>
  eventually(
    'the server',
    () => get(HOST, '/peerjs/id'),
    ({ status }) => status === 200,
  );

describeWithChromium('PeerJS through the bundle', () => {
  let browser: Browser;
  let pages: PageServer;
  const open: Page[] = [];

  beforeAll(async () => {
    // Over one interface: a TURN port for each of a developer machine's many would soon use up the bundle's few.
    browser = await launchChromium([
      ...MEDIA_FLAGS,
      '--force-webrtc-ip-handling-policy=default_public_interface_only',
      '--webrtc-ip-handling-policy=default_public_interface_only',
    ]);
    pages = await servePages(await clientPage());
  });

  afterAll(async () => {
    await browser.close();
    await pages.close();
  });

  afterEach(async () => {
    for (const page of open.splice(0)) await page.context().close();
  });

  async function newPage(): Promise<Page> {
    const page = await openPage(browser, pages.url);
    open.push(page);
    return page;
  }

  it(
    'carries data both ways and a call',
    async () => {
      const [alice, bob] = [await newPage(), await newPage()];
      expect(await callPage(alice, 'start', relay, 'alice-1')).toBe('alice-1');
      const bobsId = await callPage<string>(bob, 'start', relay, null);
      expect(await callPage(alice, 'say', bobsId, 'hello')).toBe('echo hello');
      expect(await callPage(bob, 'say', 'alice-1', 'hi')).toBe('echo hi');
      expect(await callPage(alice, 'callAndWatch', bobsId)).toMatchObject({ tracks: ['audio', 'video'] });
    },
    TIMEOUT_MS,
  );

  it(
    'carries a call over nothing but our TURN server',
    async () => {
      const onlyRelay = { config: { iceTransportPolicy: 'relay' } };
      const [alice, bob] = [await newPage(), await newPage()];
      await callPage(alice, 'start', relay, 'alice-2', onlyRelay);
      await callPage(bob, 'start', relay, 'bob-2', onlyRelay);
      expect(await callPage(alice, 'callAndWatch', 'bob-2')).toEqual({
        tracks: ['audio', 'video'],
        route: ['relay', 'relay'],
      });
      expect(await callPage(alice, 'say', 'bob-2', 'relayed')).toBe('echo relayed');
      expect(await callPage(alice, 'route')).toEqual(['relay', 'relay']);
    },
    TIMEOUT_MS,
  );

  it(
    'says that an id is taken, and lists nobody where discovery is off',
    async () => {
      const [alice, other] = [await newPage(), await newPage()];
      await callPage(alice, 'start', relay, 'alice-3');
      expect(await callPage(other, 'start', relay, 'alice-3')).toBe('unavailable-id');
      expect(await callPage(alice, 'listPeers')).toBe('server-error');
    },
    TIMEOUT_MS,
  );

  it(
    'has its pages back after its container was killed',
    async () => {
      const [alice, bob] = [await newPage(), await newPage()];
      await callPage(alice, 'start', relay, 'alice-4');
      await callPage(bob, 'start', relay, 'bob-4');
      await callPage(alice, 'say', 'bob-4', 'before');
      compose('kill', '--signal', 'KILL', 'peerjs');
      expect(await callPage(alice, 'say', 'bob-4', 'meanwhile')).toBe('echo meanwhile');
      up(process.env);
      for (const page of [alice, bob]) {
        await page.waitForFunction('program.state().opened.length === 2', undefined, { timeout: 45_000 });
      }
      const carol = await newPage();
      await callPage(carol, 'start', relay, 'carol-4');
      expect(await callPage(carol, 'say', 'bob-4', 'after')).toBe('echo after');
    },
    TIMEOUT_MS,
  );

  it(
    'lists who is there where discovery is on',
    async () => {
      up({ ...process.env, PEERJS_DISCOVERY: 'true' });
      try {
        await serverAnswers();
        const alice = await newPage();
        await callPage(alice, 'start', relay, 'alice-5');
        expect(await callPage(alice, 'listPeers')).toContain('alice-5');
      } finally {
        up(process.env);
        await serverAnswers();
      }
    },
    TIMEOUT_MS,
  );
});
