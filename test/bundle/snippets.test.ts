// The clients of docs/clients.md, as they stand there, in Chromium against the bundle.
import {
  bundleForBrowser,
  callPage,
  describeWithChromium,
  launchChromium,
  openPage,
  programPage,
  servePages,
  type Browser,
  type Page,
  type PageServer,
} from '../support/chromium.ts';
import { compose, eventually, get } from '../support/bundle.ts';
import { repositoryFiles } from '../support/repository.ts';
import { snippet, snippetsOf } from '../support/snippets.ts';

const PAGE = 'docs/clients.md';
const RELAY = `localhost:${process.env['HTTP_PORT'] ?? '5001'}`;

/** What a test does with a snippet's exports, as a module's text; each function is called from here. */
const USES: Readonly<Record<string, string>> = {
  'webtorrent.js': `
    export const share = () => snippet.share(new File(['hello'], 'hello.txt'));
    export const get = async (magnet) => (await snippet.get(magnet)).text();`,
  'trystero.js': `
    const room = snippet.join('a room');
    const joined = Promise.withResolvers();
    room.onPeerJoin = joined.resolve;
    export const meet = () => joined.promise.then(() => 'met');`,
  'peerjs.js': `
    const peer = snippet.open();
    const id = new Promise((resolve) => peer.on('open', resolve));
    peer.on('connection', (connection) => connection.on('data', (data) => connection.send('echo ' + data)));
    export const idOf = () => id;
    export const call = async (other) => {
      await id;
      const connection = peer.connect(other);
      return new Promise((resolve) => {
        connection.on('data', resolve);
        connection.on('open', () => connection.send('hello'));
      });
    };`,
  'webrtc.js': `export const state = () => snippet.connection.signalingState;`,
};

// Notes what is handed to WebRTC. The first import, since libraries keep the constructor that they find when they are loaded.
const RECORDER = `import 'data:text/javascript,${encodeURIComponent(`
  globalThis.seen = [];
  const Native = globalThis.RTCPeerConnection;
  globalThis.RTCPeerConnection = class extends Native {
    constructor(config) {
      super(config);
      globalThis.seen.push(...(config?.iceServers ?? []).flatMap(({ urls }) => urls));
    }
  };`)}';`;

const CLIENT = /new (WebTorrent|Peer|RTCPeerConnection)\(|joinRoom\(/;

it('shows no client that is not told of our TURN servers, and none that is not run', () => {
  const pages = repositoryFiles().filter((file) => file.endsWith('.md'));
  const clients = pages.flatMap((page) => snippetsOf(page)).filter(({ text }) => CLIENT.test(text));
  expect(clients.length).toBeGreaterThan(5);
  // The client library's roster asks /ice-servers of the relays that it knows.
  const isTold = ({ text }: { text: string }): boolean =>
    /ice-servers|roster\.iceServers\(\)|peerOptions\(roster/.test(text);
  expect(clients.filter((one) => !isTold(one)).map(({ page, text }) => [page, text])).toEqual([]);
  const run = [...Object.keys(USES), 'two-tabs.js', 'relay-peer.js']; // the last in peerjs/test
  expect(
    clients
      // Its README's pieces stand on a roster that its own tests have.
      .filter(({ page, file }) => page !== 'packages/client/README.md' && !run.includes(file ?? ''))
      .map(({ page, text }) => [page, text]),
  ).toEqual([]);
});

describeWithChromium('the clients of docs/clients.md', () => {
  let browser: Browser;
  const servers: PageServer[] = [];
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser.close();
    await Promise.all(servers.map((server) => server.close()));
    // What a closed browser has allocated would keep its port for minutes, and other tests need them.
    compose('restart', '--timeout', '1', 'stun');
    await eventually(
      '/ice-servers',
      () => get('localhost', '/ice-servers'),
      ({ status }) => status === 200,
    );
  });

  /** Two pages that have the snippet. */
  async function pagesWith(file: string): Promise<[Page, Page]> {
    const module = snippet(PAGE, file).replaceAll('localhost:5001', RELAY);
    const imports = [...module.matchAll(/^import .*;$/gm)].map(([line]) => line).join('\n');
    const names = [...module.matchAll(/^export const (\w+)/gm)].map(([, name]) => name!);
    const body = module.replace(/^import .*;$/gm, '').replaceAll('export const ', 'const ');
    // A block, so that the snippet's names and the test's are apart.
    const program = `${RECORDER}
      ${imports}
      let snippet;
      { ${body}
        snippet = { ${names.join(', ')} };
      }
      ${USES[file]!}
      export const urlsSeen = () => globalThis.seen;`;
    const server = await servePages(programPage(await bundleForBrowser(program, import.meta.dirname)));
    servers.push(server);
    return [await openPage(browser, server.url), await openPage(browser, server.url)];
  }

  /** Fails unless this page's WebRTC was told of the bundle's TURN server. */
  async function expectTurn(page: Page): Promise<void> {
    const port = process.env['STUN_PORT'] ?? '3478';
    expect(await callPage(page, 'urlsSeen')).toContain(`turn:127.0.0.1:${port}?transport=udp`);
  }

  it('WebTorrent', async () => {
    const [one, two] = await pagesWith('webtorrent.js');
    const magnet = await callPage<string>(one, 'share');
    expect(await callPage(two, 'get', magnet)).toBe('hello');
    await expectTurn(two);
  });

  it('WebTorrent in the consoles of two tabs, as the README has it', async () => {
    const [common, seed, add] = snippet('README.md', 'two-tabs.js')
      .replaceAll('localhost:5001', RELAY)
      .split(/^\/\/ (?:one tab|the other)$/m);
    const program = `${RECORDER}
      import WebTorrent from 'webtorrent/dist/webtorrent.min.js';
      const said = Promise.withResolvers();
      console.log = said.resolve;
      ${common!}
      export const first = () => { ${seed!}; return said.promise; };
      export const second = (magnet) => { ${add!.replace("'<the magnet of the first>'", 'magnet')}; return said.promise; };
      export const urlsSeen = () => globalThis.seen;`;
    const server = await servePages(programPage(await bundleForBrowser(program, import.meta.dirname)));
    servers.push(server);
    const [one, two] = [await openPage(browser, server.url), await openPage(browser, server.url)];
    const magnet = await callPage<string>(one, 'first');
    expect(await callPage(two, 'second', magnet)).toBe('got it');
    await expectTurn(two);
  });

  it('trystero', async () => {
    const [one, two] = await pagesWith('trystero.js');
    expect(await Promise.all([one, two].map((page) => callPage(page, 'meet')))).toEqual(['met', 'met']);
    await expectTurn(one);
  });

  it('PeerJS', async () => {
    const [one, two] = await pagesWith('peerjs.js');
    const id = await callPage<string>(one, 'idOf');
    expect(await callPage(two, 'call', id)).toBe('echo hello');
    await expectTurn(two);
  });

  it('WebRTC of your own', async () => {
    const [one] = await pagesWith('webrtc.js');
    expect(await callPage(one, 'state')).toBe('stable');
    await expectTurn(one);
  });
});
