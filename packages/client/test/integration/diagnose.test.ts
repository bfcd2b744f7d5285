// diagnose() in Chromium and Firefox, against real relays and a real STUN/TURN server; then one thing after the other is taken away.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  describeWithChromium,
  launchChromium,
  openPage,
  serveProgram,
  type Browser,
  type PageServer,
} from '../../../../test/support/chromium.ts';
import {
  describeWithFirefox,
  launchFirefox,
  type Browser as Firefox,
} from '../../../../test/support/firefox.ts';
import { makeCertificate, publicKeyHash } from '../../../../stun/test/support/certificate.ts';
import { startService, type RunningService } from '../../../../stun/test/support/service.ts';
import { diagnose, type Check, type Diagnosis, type Finding } from '../../src/diagnose.ts';
import { startRelays, type Relays } from '../support/relays.ts';

const root = join(import.meta.dirname, '..', '..', '..', '..');
const program = `
  import { diagnose } from ${JSON.stringify(join(root, 'packages/client/src/index.ts'))};
  export async function run(sources) {
    const told = [];
    const diagnosis = await diagnose(sources, { onFinding: ({ check }) => told.push(check) });
    return { ...diagnosis, told };
  }
`;

interface Page {
  evaluate(script: string): Promise<unknown>;
}
type Run = Diagnosis & { readonly told: readonly Check[] };

const describeWithBoth = describeWithChromium === describe ? describeWithFirefox : describeWithChromium;
const results = ({ findings }: Diagnosis): Partial<Record<Check, Finding['result']>> =>
  Object.fromEntries(findings.map(({ check, result }) => [check, result]));

describeWithBoth('diagnose()', () => {
  let folder: string;
  let stun: RunningService;
  let relays: Relays;
  let chromium: Browser;
  let firefox: Firefox;
  let pages: PageServer;
  let inChromium: Page;
  let inFirefox: Page;

  const run = async (page: Page): Promise<Run> =>
    (await page.evaluate(`program.run(${JSON.stringify(relays.urls)})`)) as Run;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'diagnose-'));
    const { certFile, keyFile } = await makeCertificate(folder);
    stun = await startService({ tlsCertFile: certFile, tlsKeyFile: keyFile });
    const trusted = await publicKeyHash({ certFile, keyFile });
    [chromium, firefox, relays] = await Promise.all([
      launchChromium([`--ignore-certificate-errors-spki-list=${trusted}`]),
      launchFirefox(),
      startRelays(2, { RELAY_ICE_SERVERS_URL: `${stun.httpUrl}/ice-servers` }),
    ]);
    pages = await serveProgram(program, root);
    inChromium = await openPage(chromium, pages.url);
    const page = await firefox.newPage();
    await page.goto(pages.url);
    await page.waitForFunction('globalThis.program !== undefined', { timeout: 60_000 });
    inFirefox = page;
  }, 120_000);

  afterAll(async () => {
    await Promise.all([chromium.close(), firefox.close()]);
    await Promise.all([relays.stop(), pages.close(), stun.stop()]);
    await rm(folder, { recursive: true });
  });

  it('finds nothing wrong in Chromium where nothing is', async () => {
    const found = await run(inChromium);
    expect(found).toMatchObject({ canConnect: true, nat: 'unknown' });
    expect(results(found)).toEqual({
      'secure-context': 'ok',
      roster: 'ok',
      websocket: 'ok',
      stun: 'ok',
      nat: 'skipped', // one STUN server alone cannot tell it
      'turn-udp': 'ok',
      'turn-tcp': 'ok',
      'turn-tls': 'ok',
      ed25519: 'ok',
      storage: 'ok',
    });
    expect(found.told).toEqual(found.findings.map(({ check }) => check));
  }, 60_000);

  it('finds in Firefox what that tells', async () => {
    const found = await run(inFirefox);
    expect(found.canConnect).toBe(true);
    expect(results(found)).toMatchObject({
      websocket: 'ok',
      'turn-udp': 'ok',
      'turn-tcp': 'ok',
      ed25519: 'ok',
      storage: 'ok',
    });
    // Firefox does not know the test's certificate.
    expect(results(found)['turn-tls']).toBe('failed');
  }, 60_000);

  it('says in Node what there is', async () => {
    const found = await diagnose(relays.urls);
    expect(results(found)).toMatchObject({
      roster: 'ok',
      stun: 'skipped',
      'turn-udp': 'skipped',
      ed25519: 'ok',
      storage: 'warning',
    });
  }, 60_000);

  it('names a relay that is down, a TURN server that is gone, and a swarm that is', async () => {
    relays.freeze(relays.urls[1]!);
    const one = await run(inChromium);
    expect(results(one).websocket).toBe('warning');
    relays.thaw(relays.urls[1]!);

    relays.kill(relays.urls[0]!);
    relays.kill(relays.urls[1]!);
    const none = await run(inChromium);
    expect(none.canConnect).toBe(false);
    expect(results(none)).toMatchObject({ roster: 'failed', websocket: 'skipped', stun: 'skipped' });
  }, 90_000);
});
