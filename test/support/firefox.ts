// A real Firefox for tests, over WebDriver BiDi. The only importer of puppeteer-core here.
import { launch, type Browser } from 'puppeteer-core';
import { findTool, requireFound } from '../../../../test/support/tools.ts';

const path = findTool(...(process.env['FIREFOX'] ? [process.env['FIREFOX']] : []), 'firefox-esr', 'firefox');

/** `describe` where both browsers are installed; skipped elsewhere, failing in CI. */
export const describeWithFirefox = requireFound({ 'firefox-esr (or its path in FIREFOX)': path });

export type { Browser, Page } from 'puppeteer-core';

export async function launchFirefox(): Promise<Browser> {
  if (path === undefined) throw new Error('Cannot start Firefox: it is not installed');
  return launch({
    browser: 'firefox',
    executablePath: path,
    headless: true,
    timeout: 60_000,
    extraPrefsFirefox: {
      'media.peerconnection.ice.obfuscate_host_addresses': false, // nobody resolves mDNS names in a container
      'media.peerconnection.ice.loopback': true,
    },
  });
}
