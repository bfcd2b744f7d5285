// The main job through the running bundle: webtorrent in two Chromium contexts, by way of nginx.
import { describeWithChromium, launchChromium, type Browser } from '../../../test/support/chromium.ts';
import { port } from '../../../test/support/bundle.ts';
import { exchangeFile, FILE_BYTES } from '../support/webtorrent-pages.ts';

describeWithChromium('webtorrent through the bundle', () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await launchChromium();
  });

  afterAll(() => browser.close());

  // Chromium resolves every name below localhost to loopback by itself.
  it.each(['tracker.localhost', 'localhost'])('exchanges a file through ws://%s', async (host) => {
    const { seeded, received, milliseconds, problems } = await exchangeFile(browser, `ws://${host}:${port}`);
    process.stdout.write(
      `webtorrent through nginx, ${host}: ${FILE_BYTES} bytes in ${milliseconds} ms (bar: 2000 ms)\n`,
    );
    expect(received).toBe(seeded);
    expect(problems).toEqual([]);
  });
});
