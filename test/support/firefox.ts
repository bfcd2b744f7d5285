// A real Firefox for tests, over WebDriver BiDi. The only importer of puppeteer-core here.
import { launch, type Browser } from 'puppeteer-core';
import { findTool, requireFound } from './tools.ts';

const path = findTool(...(process.env['FIREFOX'] ? [process.env['FIREFOX']] : []), 'firefox-esr', 'firefox');

/** `describe` where both browsers are installed; skipped elsewhere, failing in CI. */
export const describeWithFirefox = requireFound({ 'firefox-esr (or its path in FIREFOX)': path });

export type { Browser, Page } from 'puppeteer-core';

/** With an empty profile of its own, unless a folder with one is given. */
export async function launchFirefox({
  executable = path,
  profile,
}: { executable?: string | undefined; profile?: string } = {}): Promise<Browser> {
  if (executable === undefined) throw new Error('Cannot start Firefox: it is not installed');
  return launch({
    browser: 'firefox',
    executablePath: executable,
    ...(profile === undefined ? {} : { userDataDir: profile }),
    headless: true,
    timeout: 60_000,
    extraPrefsFirefox: {
      'media.peerconnection.ice.obfuscate_host_addresses': false, // nobody resolves mDNS names in a container
      'media.peerconnection.ice.loopback': true,
    },
  });
}
