// The pieces of README.md, each run in Chromium as it stands there, with real relays in place of the example's names.
import { join } from 'node:path';
import {
  bundleForBrowser,
  describeWithChromium,
  launchChromium,
  servePages,
  type Browser,
  type PageServer,
} from '../../../../test/support/chromium.ts';
import { snippetsOf } from '../../../../test/support/snippets.ts';
import { startService, type RunningService } from '../../../../stun/test/support/service.ts';
import { startRelays, type Relays } from '../support/relays.ts';

const PAGE = 'packages/client/README.md';
const source = join(import.meta.dirname, '..', '..', 'src', 'index.ts');
const snippets = snippetsOf(PAGE).filter(({ language, file }) => language === 'js' && file !== undefined);
/** What stands before a piece in the reader's head. */
const BEFORE: Readonly<Record<string, string>> = {
  'webtorrent.js': `const magnet = 'magnet:?xt=urn:btih:${'ab'.repeat(20)}';`,
  'tracker.js': `const infoHash = '${'cd'.repeat(20)}'; const peerId = '${'ef'.repeat(20)}';`,
  'graffiti.js': `const topic = '${'12'.repeat(32)}'; const signal = AbortSignal.timeout(2_000);`,
};
const AFTER: Readonly<Record<string, string>> = {
  // Nobody else is there; what counts is that everything up to the waiting works.
  'webrtc.js': `await Promise.race([call(), new Promise((resolve) => setTimeout(resolve, 1_000))]);`,
};

describeWithChromium('README.md', () => {
  let browser: Browser;
  let relays: Relays;
  let stun: RunningService;
  let pages: PageServer;

  beforeAll(async () => {
    stun = await startService();
    [browser, relays] = await Promise.all([
      launchChromium(),
      startRelays(2, { RELAY_ICE_SERVERS_URL: `${stun.httpUrl}/ice-servers` }, { hasPeerjs: true }),
    ]);
    const scripts: [string, string][] = []; // one after the other: each ends esbuild's helper process
    for (const { file, text } of snippets) scripts.push([`/${file!}`, await program(file!, text)]);
    const html = scripts.map(
      ([path]) => [`${path}.html`, `<!doctype html><script type="module" src="${path}"></script>`] as const,
    );
    pages = await servePages(Object.fromEntries([...scripts, ...html]));
  }, 120_000);

  afterAll(async () => {
    await browser.close();
    await Promise.all([relays.stop(), stun.stop(), pages.close()]);
  });

  function program(file: string, text: string): Promise<string> {
    const [a, b] = relays.urls.map((url) => url.replace('ws:', 'http:'));
    const hasRoster = /const roster\b/.test(text);
    const isImport = (line: string): boolean => line.startsWith('import ');
    const lines = text.split('\n');
    const module = [
      "import '../support/node-globals.mjs';",
      ...(hasRoster ? [] : [`import { Roster as TheRoster } from '@relay-swarm/client';`]),
      ...lines.filter(isImport),
      ...(hasRoster ? [] : [`const roster = await TheRoster.load(['${a!}', '${b!}']);`]),
      BEFORE[file] ?? '',
      ...lines.filter((line) => !isImport(line)),
      AFTER[file] ?? '',
      'globalThis.isDone = true;',
    ]
      .join('\n')
      .replaceAll('@relay-swarm/client', source)
      .replace(
        "'p2p-media-loader-core'",
        "'../../../../node_modules/p2p-media-loader-core/dist/p2p-media-loader-core.es.js'",
      )
      .replaceAll('https://tracker.a.example', a!)
      .replaceAll('https://tracker.b.example', b!)
      .replaceAll('https://nobody.example', 'http://127.0.0.1:9');
    return bundleForBrowser(module, import.meta.dirname);
  }

  it.each(snippets.map(({ file }) => file!))(
    '%s runs as it stands there',
    async (file) => {
      const page = await browser.newPage();
      const errors: string[] = [];
      page.on('pageerror', (error) => errors.push(String(error)));
      await page.goto(`${pages.url}/${file}.html`);
      await page
        .waitForFunction('globalThis.isDone === true', undefined, { timeout: 20_000 })
        .catch((error: unknown) => errors.push(String(error)));
      await page.close();
      expect(errors).toEqual([]);
    },
    40_000,
  );
});
