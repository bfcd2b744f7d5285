// Every sentence that a viewer may read instead of a film, in a real Chromium, each with its cause. (That nothing arrives any more:
// fallback.test.ts. What readSource() refuses: links.test.ts.)
import { randomBytes } from 'node:crypto';
import { describeWithChromium, servePages } from '../../../../test/support/chromium.ts';
import { startSite, type RunningSite } from '../support/running-site.ts';
import { seedFromStockPage, type StockPage } from '../support/stock-seeder.ts';
import { act, until } from '../support/viewer.ts';
import { serveWebSeed, type WebSeedServer } from '../support/web-seed-server.ts';

const LONG_MS = 120_000;
/** Has the question whether the bytes come (isReachable) wait: `asked` once it is put, `answer()` says yes. */
const HOLD_QUESTION = `const own = fetch;
  window.asked = new Promise((tell) => {
    window.fetch = (url, options) => {
      if (options?.headers?.range !== 'bytes=0-0') return own(url, options);
      tell();
      return new Promise((resolve) => (window.answer = () => resolve(new Response(''))));
    };
  });`;

describeWithChromium('a viewer is told', () => {
  let site: RunningSite;
  let odds: StockPage;
  let notes: StockPage;
  let server: WebSeedServer;
  let gone: string;
  beforeAll(async () => {
    site = await startSite();
    const announce = site.relays.urls;
    odds = await seedFromStockPage(
      site.browser,
      { 'noise.webm': randomBytes(50_000), 'notes.txt': 'notes' },
      { announce, name: 'Odds' },
    );
    notes = await seedFromStockPage(site.browser, { 'notes.txt': 'more notes' }, { announce });
    server = await serveWebSeed('film.torrent', Buffer.from('<!doctype html><title>Please log in</title>'));
    const ended = await serveWebSeed('gone.torrent', Buffer.from(''));
    gone = ended.url;
    await ended.close();
  }, LONG_MS);
  afterAll(async () => {
    await Promise.all([odds.close(), notes.close(), server.close()]);
    await site.stop();
  });

  it.each([
    [
      'that a text names nothing',
      '',
      () => 'film',
      '"film" is no magnet link (magnet:?xt=urn:btih:…), no info hash',
    ],
    [
      'that the torrent file cannot be loaded',
      '',
      () => gone,
      () => `The torrent file at ${new URL(gone).host} could not be loaded`,
    ],
    [
      'that the torrent file is none',
      '',
      () => server.url,
      'This is no torrent file, or it is damaged. Ask for it again.',
    ],
    [
      'which files there are, where the wished one is not among them',
      '&file=film.mp4',
      () => odds.magnet,
      'This torrent has no file "film.mp4". It has Odds/noise.webm, Odds/notes.txt.',
    ],
    [
      'that nothing can be shown',
      '',
      () => notes.magnet,
      'Nothing in this torrent can be shown here: it has no video, audio or image (it has notes.txt).',
    ],
    [
      'that the browser cannot play this file',
      '',
      () => odds.magnet,
      'This browser cannot play noise.webm: it does not know this kind of file.',
    ],
  ])(
    '%s',
    async (_, query, source, words) => {
      const page = await site.open(
        `${site.pages}/watch?autoplay=1&muted=1&warningTitle=0${query}#${source()}`,
      );
      const sentence = typeof words === 'string' ? words : words();
      await until(page, sentence, ({ text }) => text.includes(sentence));
      const alert = page.locator('.over [role=alert]');
      expect(await alert.textContent()).toContain(sentence);
      expect(await page.getByRole('button', { name: 'Try again' }).isVisible()).toBe(true);
      await page.context().close();
    },
    LONG_MS,
  );

  it(
    'nothing of a source that was left before its fault was known',
    async () => {
      const others = await servePages({
        '/': `<!doctype html><title>others</title><script>${HOLD_QUESTION}</script>
          <script type="module" src="${site.pages}/swarm-video.js"></script>
          <swarm-video muted src="${odds.magnet.replaceAll('&', '&amp;')}"></swarm-video>`,
      });
      const page = await site.open(others.url);
      await page.evaluate('asked');
      const told = await act(
        page,
        `const told = [];
        const turn = () => new Promise((done) => setTimeout(done));
        video.addEventListener('p2perror', ({ detail }) => told.push(detail.code));
        video.setAttribute('src', 'magnet:?xt=urn:btih:${'ab'.repeat(20)}');
        await turn();
        answer();
        await turn();
        return told;`,
      );
      expect(told).toEqual([]);
      await page.context().close();
      await others.close();
    },
    LONG_MS,
  );

  it(
    'that the browser has no WebRTC, where there is no server',
    async () => {
      const context = await site.browser.newContext();
      await context.addInitScript('delete globalThis.RTCPeerConnection');
      const page = await site.open(`${site.pages}/watch?warningTitle=0#${odds.magnet}`, context);
      await until(page, 'the words', ({ text }) =>
        text.includes('This browser cannot talk to other browsers (WebRTC is missing or switched off)'),
      );
      await context.close();
    },
    LONG_MS,
  );
});
