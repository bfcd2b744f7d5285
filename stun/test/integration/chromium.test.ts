// Chromium, relay only, over each transport: messages flow and go on flowing. In CI for 75 s, by which time Chromium has given
// up a relay whose ChannelBind it could not trust (40 s).
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  callPage,
  describeWithChromium,
  launchChromium,
  openPage,
  serveProgram,
  type Browser,
  type Page,
  type PageServer,
} from '../../../test/support/chromium.ts';
import { makeCertificate, publicKeyHash } from '../support/certificate.ts';
import { startService, type RunningService } from '../support/service.ts';

const SECONDS = process.env['CI'] === 'true' ? 75 : 10;

interface Report {
  readonly sent: number[];
  readonly received: number[];
  readonly longestSilenceMs: number[];
  readonly states: string[];
  readonly pairs: { local: string; remote: string; changes: number }[];
}

describeWithChromium('Chromium, relay only', () => {
  let folder: string;
  let browser: Browser;
  let pages: PageServer;
  let native: RunningService;
  let nodeTurn: RunningService;
  const running = new Map<string, { page: Page; untilMs: number }>();

  const begin = async (name: string, service: RunningService, keep: RegExp): Promise<void> => {
    const { iceServers } = await service.iceServers();
    const turn = iceServers.filter(({ username }) => username !== undefined);
    const only = turn.map((server) => ({ ...server, urls: server.urls.filter((url) => keep.test(url)) }));
    const page = await openPage(browser, pages.url);
    await callPage(page, 'connect', { iceServers: only });
    running.set(name, { page, untilMs: performance.now() + SECONDS * 1000 });
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'stun-chromium-'));
    const { certFile, keyFile } = await makeCertificate(folder);
    native = await startService({ tlsCertFile: certFile, tlsKeyFile: keyFile });
    nodeTurn = await startService({ engine: 'node-turn' });
    // Chromium checks certificates of turns: as those of https:, so it has to be told about ours.
    browser = await launchChromium([
      `--ignore-certificate-errors-spki-list=${await publicKeyHash({ certFile, keyFile })}`,
    ]);
    const program = await readFile(join(import.meta.dirname, '../../bench/relay-page.mjs'), 'utf8');
    pages = await serveProgram(program, import.meta.dirname);
    await begin('UDP', native, /^turn:.*transport=udp/);
    await begin('TCP', native, /^turn:.*transport=tcp/);
    await begin('TLS', native, /^turns:/);
    await begin('node-turn', nodeTurn, /^turn:/);
  }, 60_000);

  afterAll(async () => {
    await browser.close();
    await pages.close();
    await native.stop();
    await nodeTurn.stop();
    await rm(folder, { recursive: true });
  });

  it.each([
    ['UDP', 'relay udp'],
    ['TCP', 'relay tcp'],
    ['TLS', 'relay tls'],
    ['node-turn', 'relay udp'],
  ])(
    `talks over %s for ${SECONDS} s without a loss or a break`,
    async (name, local) => {
      const { page, untilMs } = running.get(name)!;
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, untilMs - performance.now())));
      const report = await callPage<Report>(page, 'report');
      expect(report.states).toEqual(['connected', 'connected']);
      expect(report.pairs).toEqual([
        { local, remote: 'relay', changes: 1 },
        { local, remote: 'relay', changes: 1 },
      ]);
      for (const side of [0, 1]) {
        expect(report.sent[side]).toBeGreaterThan(SECONDS * 5); // ten a second, were the machine idle
        expect(report.sent[side]! - report.received[1 - side]!).toBeLessThanOrEqual(2); // still under way
        expect(report.longestSilenceMs[side]).toBeLessThan(3_000);
      }
    },
    120_000,
  );

  it('relays on channels, not on indications', () => {
    expect(native.stun.engine.stats().channels).toBeGreaterThan(0);
    expect(nodeTurn.stun.engine.stats().channels).toBeGreaterThan(0);
  });
});
