// Stock PeerJS in two Chromium pages, with the client of the docs, against the service without Docker.
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
import { signToken } from '../../src/signaling/identity.ts';
import { clientPage, MEDIA_FLAGS } from '../support/page.ts';
import { freePort } from '../../../scripts/lib/free-port.mjs';
import { startOurs, type ServerProcess } from '../support/processes.ts';

const TIMEOUT_MS = 60_000;

describeWithChromium('two pages with PeerJS', () => {
  let browser: Browser;
  let pages: PageServer;
  const servers: ServerProcess[] = [];
  const open: Page[] = [];

  beforeAll(async () => {
    browser = await launchChromium(MEDIA_FLAGS);
    pages = await servePages(await clientPage());
  }, 120_000);

  afterAll(async () => {
    await browser.close();
    await pages.close();
  });

  afterEach(async () => {
    for (const page of open.splice(0)) await page.context().close();
    for (const server of servers.splice(0)) await server.kill();
  });

  async function startServer(env: Record<string, string> = {}, port?: number): Promise<ServerProcess> {
    const server = await startOurs(env, port);
    servers.push(server);
    return server;
  }

  /** A page that knows the relay; there is no TURN server here, and on one machine none is needed. */
  async function newPage(): Promise<Page> {
    const page = await openPage(browser, pages.url);
    open.push(page);
    await page.route('**/ice-servers', (route) =>
      route.fulfill({
        json: { iceServers: [], ttlSeconds: 3600 },
        headers: { 'access-control-allow-origin': '*' },
      }),
    );
    return page;
  }
  const relayAt = ({ port }: { port: number }): string => `http://127.0.0.1:${port}`;

  it(
    'send data both ways and see and hear each other',
    async () => {
      const relay = relayAt(await startServer());
      const [alice, bob] = [await newPage(), await newPage()];
      expect(await callPage(alice, 'start', relay, 'alice')).toBe('alice');
      const bobsId = await callPage<string>(bob, 'start', relay, null);
      expect(bobsId).toMatch(/^[0-9a-f-]{36}$/);
      expect(await callPage(alice, 'say', bobsId, 'hello')).toBe('echo hello');
      expect(await callPage(bob, 'say', 'alice', 'hi')).toBe('echo hi');
      expect(await callPage(alice, 'callAndWatch', bobsId)).toMatchObject({ tracks: ['audio', 'video'] });
    },
    TIMEOUT_MS,
  );

  it(
    'are connected again after the server was killed, and their data connection outlives it',
    async () => {
      const port = await freePort();
      const first = await startServer({}, port);
      const [alice, bob, carol] = [await newPage(), await newPage(), await newPage()];
      await callPage(alice, 'start', relayAt(first), 'alice');
      await callPage(bob, 'start', relayAt(first), 'bob');
      await callPage(alice, 'say', 'bob', 'before');
      await first.kill();
      expect(await callPage(alice, 'say', 'bob', 'meanwhile')).toBe('echo meanwhile');
      await startServer({}, port);
      for (const [page, id] of [
        [alice, 'alice'],
        [bob, 'bob'],
      ] as const) {
        await page.waitForFunction('program.state().opened.length === 2', undefined, { timeout: 15_000 });
        expect(await callPage(page, 'state')).toMatchObject({ opened: [id, id], isOpen: true });
      }
      await callPage(carol, 'start', relayAt(first), 'carol');
      expect(await callPage(carol, 'say', 'bob', 'after')).toBe('echo after');
    },
    TIMEOUT_MS,
  );

  it(
    'are told when an id is taken, when nobody has it, and what an id may look like',
    async () => {
      const relay = relayAt(await startServer({ PEERJS_EXPIRE_SECONDS: '1' }));
      const [alice, other] = [await newPage(), await newPage()];
      await callPage(alice, 'start', relay, 'alice');
      expect(await callPage(other, 'start', relay, 'alice')).toBe('unavailable-id');
      expect(await callPage(alice, 'connectTo', 'nobody')).toBe('peer-unavailable');
      expect(await callPage(alice, 'connectTo', 'no such id!')).toBe('peer-unavailable');
      expect(await callPage(other, 'start', relay, 'x'.repeat(65))).toBe('server-error');
      await callPage(alice, 'stop');
      expect(await callPage(other, 'start', relay, 'alice')).toBe('alice');
    },
    TIMEOUT_MS,
  );

  it(
    'see who is there only where discovery is on',
    async () => {
      const [alice, bob] = [await newPage(), await newPage()];
      await callPage(alice, 'start', relayAt(await startServer({ PEERJS_DISCOVERY: 'true' })), 'alice');
      expect(await callPage(alice, 'listPeers')).toEqual(['alice']);
      await callPage(bob, 'start', relayAt(await startServer()), 'bob');
      expect(await callPage(bob, 'listPeers')).toBe('server-error');
    },
    TIMEOUT_MS,
  );

  it.each(['Two Words', 'a_b-c d', 'constructor', 'x'.repeat(64)])(
    'reach each other as %j',
    async (id) => {
      const relay = relayAt(await startServer());
      const [alice, other] = [await newPage(), await newPage()];
      expect(await callPage(alice, 'start', relay, id)).toBe(id);
      await callPage(other, 'start', relay, 'other');
      expect(await callPage(other, 'say', id, 'hello')).toBe('echo hello');
    },
    TIMEOUT_MS,
  );

  it(
    'go offline and come back under the same id',
    async () => {
      const relay = relayAt(await startServer());
      const [alice, bob] = [await newPage(), await newPage()];
      await callPage(alice, 'start', relay, 'alice');
      await callPage(bob, 'start', relay, 'bob');
      await callPage(alice, 'disconnect');
      await alice.waitForFunction('program.state().opened.length === 2', undefined, { timeout: 15_000 });
      expect(await callPage(alice, 'state')).toEqual({
        opened: ['alice', 'alice'],
        errors: [],
        isOpen: true,
      });
      expect(await callPage(bob, 'say', 'alice', 'hello')).toBe('echo hello');
    },
    TIMEOUT_MS,
  );

  it(
    'take an id from each other more and more seldom where both may have it',
    async () => {
      const secret = 'ab'.repeat(16);
      const token = signToken(secret, 'alice', Math.floor(Date.now() / 1000) + 600);
      const relay = relayAt(await startServer({ PEERJS_AUTH_SECRET: secret }));
      const [first, second] = [await newPage(), await newPage()];
      for (const page of [first, second]) {
        // Its waits are the only ones that are no whole number; they are noted and not waited for.
        await page.evaluate(() => {
          const original = globalThis.setTimeout;
          const waitsMs: number[] = [];
          const start = (callback: () => void, delayMs = 0): unknown => {
            if (Number.isInteger(delayMs)) return original(callback, delayMs);
            waitsMs.push(delayMs);
            return waitsMs.length > 6 ? undefined : original(callback, 50);
          };
          Object.assign(globalThis, { setTimeout: start, waitsMs });
        });
        await callPage(page, 'start', relay, 'alice', { token });
      }
      await first.waitForFunction('waitsMs.length >= 6', undefined, { timeout: 15_000 });
      const waitsMs = await first.evaluate<number[]>('waitsMs');
      expect(waitsMs[5]).toBeGreaterThanOrEqual(0.5 * 500 * 2 ** 5);
    },
    TIMEOUT_MS,
  );

  it(
    'use the path, the key and the token that they are told',
    async () => {
      const relay = relayAt(await startServer({ PEERJS_PATH: '/my/app/', PEERJS_KEY: 'mine' }));
      const [alice, bob] = [await newPage(), await newPage()];
      const token = `${'eyJ'.repeat(200)}+/==`; // as others make them: long, and not encoded by PeerJS
      expect(await callPage(alice, 'start', relay, 'alice', { path: '/my/app', key: 'mine', token })).toBe(
        'alice',
      );
      const bobsId = await callPage<string>(bob, 'start', relay, null, { path: 'my/app/', key: 'mine' });
      expect(await callPage(alice, 'say', bobsId, 'hello')).toBe('echo hello');
      expect(await callPage(bob, 'start', relay, 'carol', { path: '/my/app/' })).toBe('server-error');
      expect(await callPage(bob, 'start', relay, null, { path: '/my/app/' })).toBe('server-error');
      expect(await callPage(bob, 'start', relay, 'carol', { key: 'mine' })).toBe('network');
    },
    TIMEOUT_MS,
  );

  it(
    'are told what keeps them out',
    async () => {
      const page = await newPage();
      const attempt = async (env: Record<string, string>, id: string): Promise<unknown> =>
        callPage(page, 'start', relayAt(await startServer(env)), id);
      expect(await attempt({}, 'bad id!')).toBe('invalid-id');
      expect(await attempt({ PEERJS_ORIGINS: 'https://elsewhere.example' }, 'alice')).toBe('network');
      expect(await attempt({ PEERJS_AUTH_SECRET: 'ab'.repeat(16) }, 'alice')).toBe('server-error');
      expect(await attempt({ PEERJS_ORIGINS: new URL(pages.url).origin }, 'alice')).toBe('alice');
    },
    TIMEOUT_MS,
  );
});
