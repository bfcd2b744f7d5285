// A real Chromium for tests, and a server for the pages it opens. The only importer of playwright-core in tests.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { bundle } from './esbuild.mjs';
import { findTool, requireFound } from './tools.ts';

export type { Browser, BrowserContext, Page } from 'playwright-core';

/** Undefined where none is installed. */
export const chromiumPath = findTool(
  ...(process.env['CHROMIUM'] ? [process.env['CHROMIUM']] : []),
  'chromium',
  'chromium-browser',
  'google-chrome',
  'google-chrome-stable',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
);

/** `describe` where a Chromium is installed; skipped elsewhere, failing in CI. */
export const describeWithChromium = requireFound({ 'chromium (or its path in CHROMIUM)': chromiumPath });

const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-features=WebRtcHideLocalIpsWithMdns',
];
const START_MS_MAX = 30_000;

/**
 * Starts Chromium with an empty profile of its own; `browser.newContext()` gives pages that share nothing with others.
 * Host candidates are not hidden behind mDNS names, since a container has nobody who would resolve these.
 */
export async function launchChromium(
  args: readonly string[] = [],
  { executable = chromiumPath, env }: { executable?: string | undefined; env?: NodeJS.ProcessEnv } = {},
): Promise<Browser> {
  if (executable === undefined) throw new Error('Cannot start Chromium: it is not installed');
  return chromium.launch({
    executablePath: executable,
    ...(env === undefined ? {} : { env }),
    headless: true,
    timeout: START_MS_MAX,
    args: [...ARGS, ...args],
  });
}

/**
 * Starts Chromium as its users have it: with a profile in this folder. What `launchChromium()` gives are private windows, whose storage
 * (files, IndexedDB, blobs) is in memory.
 */
export async function launchChromiumWithProfile(
  folder: string,
  args: readonly string[] = [],
): Promise<BrowserContext> {
  if (chromiumPath === undefined) throw new Error('Cannot start Chromium: it is not installed');
  return chromium.launchPersistentContext(folder, {
    executablePath: chromiumPath,
    headless: true,
    timeout: START_MS_MAX,
    args: [...ARGS, ...args],
  });
}

/** One script for the browser from an ES module's text, npm packages included. */
export async function bundleForBrowser(module: string, resolveDir: string): Promise<string> {
  const { outputFiles } = await bundle({
    stdin: { contents: module, resolveDir, loader: 'ts' },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    conditions: ['relay-swarm-source', 'module'], // on a fresh clone nothing is compiled
    target: 'es2022',
    define: { global: 'globalThis' },
    logLevel: 'error',
  });
  return outputFiles[0]!.text;
}

/** The files of a page that runs this ES module, npm packages included, and keeps what it exports for `callPage()`. */
export async function programPage(module: string, resolveDir: string): Promise<Record<string, string>> {
  const html = `<!doctype html><title>test</title>
    <script type="module">import * as program from '/program.js'; globalThis.program = program;</script>`;
  return { '/': html, '/program.js': await bundleForBrowser(module, resolveDir) };
}

/** Opens the program's page in a context of its own, which shares nothing with other pages. */
export async function openPage(browser: Browser, url: string): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  await page.goto(url);
  await page.waitForFunction('globalThis.program !== undefined', undefined, { timeout: 10_000 });
  return page;
}

/** Calls a function that the page's program exports; its result travels as JSON. */
export async function callPage<T>(page: Page, name: string, ...args: readonly unknown[]): Promise<T> {
  const call = `program[${JSON.stringify(name)}](...${JSON.stringify(args)})`;
  return page.evaluate(call);
}

export interface PageServer {
  /** `http://localhost:<port>`: a secure context, as browsers want it for crypto.subtle. */
  readonly url: string;
  close(): Promise<void>;
}

const types: Readonly<Record<string, string>> = {
  html: 'text/html',
  js: 'text/javascript',
  json: 'application/json',
};

/** Serves these files (path → content) on a free port of loopback, and an empty page at `/` unless one is given. */
export async function servePages(files: Readonly<Record<string, string | Buffer>>): Promise<PageServer> {
  const all = new Map(Object.entries({ '/': '<!doctype html><title>test</title>', ...files }));
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    const body = all.get(path);
    if (body === undefined) {
      response.writeHead(404).end();
      return;
    }
    const ending = path.endsWith('/') ? 'html' : (path.split('.').at(-1) ?? '');
    const type = types[ending] ?? 'application/octet-stream';
    response
      .writeHead(200, { 'content-type': `${type}; charset=utf-8`, 'cache-control': 'no-store' })
      .end(body);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://localhost:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Serves such a page, and these files beside it. */
export async function serveProgram(
  module: string,
  resolveDir: string,
  files: Readonly<Record<string, string | Buffer>> = {},
): Promise<PageServer> {
  return servePages({ ...(await programPage(module, resolveDir)), ...files });
}
