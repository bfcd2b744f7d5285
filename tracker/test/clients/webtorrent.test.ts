// The real webtorrent in two Chromium contexts through our tracker.
import { describeWithChromium, launchChromium, type Browser } from '../../../test/support/chromium.ts';
import { startTracker, type RunningTracker } from '../support/tracker.ts';
import { exchangeFile, FILE_BYTES } from '../support/webtorrent-pages.ts';

describeWithChromium('webtorrent in two pages', () => {
  let browser: Browser;
  let tracker: RunningTracker;

  beforeAll(async () => {
    [browser, tracker] = await Promise.all([launchChromium(), startTracker()]);
  });

  afterAll(async () => {
    await browser.close();
    await tracker.stop();
  });

  it(`finds the other page and gets its file of ${FILE_BYTES / 1000} kB`, async () => {
    const { seeded, received, milliseconds, problems } = await exchangeFile(browser, tracker.url);
    process.stdout.write(
      `webtorrent: ${FILE_BYTES} bytes from magnet to last byte in ${milliseconds} ms (bar: 2000 ms)\n`,
    );
    expect(received).toBe(seeded);
    expect(problems).toEqual([]);
  });
});
