// The status page in a real Chromium, with every service of a relay behind it: what it shows of the swarm, and its test of everything.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startOurs, type ServerProcess } from '../../../../peerjs/test/support/processes.ts';
import { makeCertificate, publicKeyHash } from '../../../../stun/test/support/certificate.ts';
import { startService, type RunningService } from '../../../../stun/test/support/service.ts';
import { describeWithChromium, type Page } from '../../../../test/support/chromium.ts';
import { startSite, type RunningSite } from '../support/running-site.ts';

const LONG_MS = 120_000;

/** Two STUN servers for the browser, since one cannot tell what kind of router stands between. */
const STUN_ADDRESSES = ['127.0.0.1', '127.0.0.2'];

describeWithChromium('the status page', () => {
  let folder: string;
  let site: RunningSite;
  let signaling: ServerProcess;
  let stun: RunningService;
  let page: Page;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'status-'));
    const { certFile, keyFile } = await makeCertificate(folder);
    stun = await startService({
      ...{ tlsCertFile: certFile, tlsKeyFile: keyFile },
      ...{ listenAddresses: STUN_ADDRESSES, publicHosts: STUN_ADDRESSES },
    });
    signaling = await startOurs({ PEERJS_REQUESTS_BURST: '1000' });
    site = await startSite(
      3,
      {},
      {
        RELAY_PEERJS_URL: `http://127.0.0.1:${signaling.port}`,
        RELAY_ICE_SERVERS_URL: `${stun.httpUrl}/ice-servers`,
      },
      [`--ignore-certificate-errors-spki-list=${await publicKeyHash({ certFile, keyFile })}`],
    );
    page = await site.open('about:blank');
    page.setDefaultTimeout(60_000);
    await page.goto(`${site.pages}/status`);
  }, LONG_MS);
  afterAll(async () => {
    await site.stop();
    await signaling.kill();
    await stun.stop();
    await rm(folder, { recursive: true });
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
      const said = await page.locator('#findings li').allInnerTexts();
      expect(said.map((one) => one.replace(/\d+ ms/g, 'N ms').split(/\n+/))).toEqual([
        ['works', 'Secure page', expect.any(String)],
        ['works', 'List of relays', '3 of 3 known relays can be used.'],
        [
          'works',
          'WebSocket to the relays N ms',
          'All 3 relays answer over WebSocket, the fastest within N ms.',
        ],
        ['works', 'STUN N ms', expect.stringMatching(/^A STUN server answers: others see this machine as /)],
        [
          'works',
          'Your router (NAT)',
          expect.stringMatching(/^(The router here keeps|No router translates)/),
        ],
        ['works', 'TURN over UDP N ms', 'A TURN server over UDP gives this machine an address, within N ms.'],
        ['works', 'TURN over TCP N ms', 'A TURN server over TCP gives this machine an address, within N ms.'],
        ['works', 'TURN over TLS N ms', 'A TURN server over TLS gives this machine an address, within N ms.'],
        ['works', 'Signatures', expect.any(String)],
        ['works', 'Storage', expect.any(String)],
        ['works', 'Two peers by the tracker N ms', 'Two peers found each other, and were connected.'],
        ['works', 'Two peers by PeerJS N ms', 'Two PeerJS clients found each other, and were connected.'],
        ['works', 'A mesh of three N ms', 'Three members of a room heard each other.'],
      ]);
      await expect(page.locator('#test-said').textContent()).resolves.toBe('Everything works from here.');
      await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
      await page.click('#copy-test');
      const copied = await page.evaluate<string>('navigator.clipboard.readText()');
      expect(copied).toMatch(/^relay-swarm self-test of http:\/\/127\.0\.0\.1:\d+\n/);
      expect(copied).toMatch(/^works +TURN over TLS: A TURN server over TLS gives this machine an address/m);
      expect(copied).toMatch(/^works +A mesh of three: .* \(\d+ ms\)$/m);
    },
    LONG_MS,
  );

  it(
    'says what is wrong when a service and a relay are gone',
    async () => {
      await signaling.kill();
      await stun.stop();
      site.relays.kill(site.relays.urls[2]!);
      await page.locator('#relays td:has-text("no answer")').waitFor({ timeout: LONG_MS });
      await page.click('#test');
      const failed = page.locator('#findings li.failed', { hasText: 'Two peers by PeerJS' });
      await failed.waitFor({ timeout: LONG_MS });
      await expect(failed.locator('p').textContent()).resolves.toBe(
        `PeerJS says server-error. PeerJS is expected at http://127.0.0.1:${signaling.port}.`,
      );
      for (const title of ['STUN', 'TURN over UDP', 'TURN over TCP', 'TURN over TLS', 'Your router (NAT)'])
        await expect(page.locator('#findings li', { hasText: title }).first().innerText()).resolves.toMatch(
          /^not here\n[^]*No relay of this swarm offers STUN and TURN servers that answer\.$/,
        );
    },
    LONG_MS,
  );
});
