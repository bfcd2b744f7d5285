// The clients of docs/clients.md, as they stand there, in Chromium against the bundle.
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
} from '../support/chromium.ts';
import { SEGMENT_LOADER } from '../support/clients/segments.ts';
import { compose, eventually, get } from '../support/bundle.ts';
import { repositoryFiles, root } from '../support/repository.ts';
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
  'p2p-media-loader.js': `
    ${SEGMENT_LOADER}
    export const load = (waitMs) => loadWith(snippet.core, waitMs);`,
  // Its player hands the hook what it would give to p2p-media-loader, and waits for the answer; the instance's own tracker is out of reach here.
  'peertube.js': `
    ${SEGMENT_LOADER}
    const hooks = {};
    snippet.register({ registerHook: ({ target, handler }) => (hooks[target] = handler) });
    export const load = async (waitMs) => {
      const own = { announceTrackers: ['ws://127.0.0.1:9/tracker/socket'], rtcConfig: { iceServers: [{ urls: 'stun:127.0.0.1:9' }] } };
      const { loader } = await hooks['filter:internal.player.p2p-media-loader.options.result']({ loader: own });
      return loadWith(loader, waitMs);
    };`,
  'mesh.js': `
    const entered = snippet.enter('a room');
    const said = entered.then(async (room) => {
      for await (const { data } of room.messages()) return data;
    });
    export const broadcast = async (text) => {
      const room = await entered;
      if (room.members.length === 0) await new Promise((resolve) => room.on('memberjoined', resolve));
      await room.broadcast(text);
    };
    export const hear = () => said;`,
  'yjs.js': `
    const opened = snippet.edit('a document');
    export const write = async (text) => (await opened).getText('t').insert(0, text);
    export const read = async () => {
      const text = (await opened).getText('t');
      return text.toString() || new Promise((resolve) => text.observe(() => resolve(text.toString())));
    };`,
  'graffiti.js': `
    export const announce = () => snippet.announce('a topic');
    export const visitor = async () => (await snippet.visitors('a topic').next()).value;`,
  'gundb.js': `
    export const put = (text) => new Promise((resolve) => snippet.gun.get('hello').put({ text }, ({ err }) => resolve(err ?? 'put')));
    export const read = () => new Promise((resolve) => snippet.gun.get('hello').get('text').on((text) => text && resolve(text)));`,
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

const CLIENT = /new (WebTorrent|Peer|RTCPeerConnection)\(|joinRoom\(|announceTrackers|(?<!\.)\bjoin\(/;

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
      // The READMEs of our own libraries show pieces, which stand on what their tests have.
      .filter(({ page, file }) => !/^packages\/(client|mesh)\/README/.test(page) && !run.includes(file ?? ''))
      .map(({ page, text }) => [page, text]),
  ).toEqual([]);
});

it('has for PeerTube a package.json with all that its validator wants', () => {
  const { name, engine, library, clientScripts, ...rest } = JSON.parse(
    snippet(PAGE, 'peertube-package.json'),
  ) as Record<string, unknown>;
  expect(name).toMatch(/^peertube-plugin-[a-z-0-9]+$/);
  expect([engine, library]).toEqual([{ peertube: expect.stringMatching(/^>=\d+\.\d+\.\d+$/) }, './main.js']);
  expect(clientScripts).toEqual([{ script: 'client.js', scopes: ['video-watch', 'embed'] }]);
  expect(Object.keys(rest).sort()).toEqual([
    'author',
    'bugs',
    'css',
    'description',
    'homepage',
    'staticDirs',
    'translations',
    'version',
  ]);
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
    const names = [...module.matchAll(/^export (?:const|function|async function\*) (\w+)/gm)].map(
      ([, name]) => name!,
    );
    const body = module.replace(/^import .*;$/gm, '').replace(/^export /gm, '');
    // A block, so that the snippet's names and the test's are apart.
    const program = `${RECORDER}
      ${imports}
      let snippet;
      { ${body}
        snippet = { ${names.join(', ')} };
      }
      ${USES[file]!}
      export const urlsSeen = () => globalThis.seen;`;
    const files = { '/segment.bin': Buffer.alloc(64_000, 'live') };
    // Where Yjs's provider is.
    const server = await serveProgram(program, join(root, 'packages/mesh/test/recipes'), files);
    servers.push(server);
    return [await openPage(browser, server.url), await openPage(browser, server.url)];
  }

  /** Fails unless this page's WebRTC is told of the bundle's TURN server. Until then a mesh may have its messages carried by the server. */
  async function expectTurn(page: Page): Promise<void> {
    const port = process.env['STUN_PORT'] ?? '3478';
    const url = `turn:127.0.0.1:${port}?transport=udp`;
    await page.waitForFunction(`program.urlsSeen().includes(${JSON.stringify(url)})`);
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
    const server = await serveProgram(program, import.meta.dirname);
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

  it.each(['p2p-media-loader', 'PeerTube'])('%s', async (name) => {
    const [one, two] = await pagesWith(`${name.toLowerCase()}.js`);
    expect(await callPage(one, 'load', 0)).toBe('http');
    expect(await callPage(two, 'load', 60_000)).toBe('p2p');
    await expectTurn(two);
  });

  it('a mesh room', async () => {
    const [one, two] = await pagesWith('mesh.js');
    await callPage(one, 'broadcast', 'hello');
    expect(await callPage(two, 'hear')).toBe('hello');
    await expectTurn(two);
  });

  it('Yjs', async () => {
    const [one, two] = await pagesWith('yjs.js');
    await callPage(one, 'write', 'hello');
    expect(await callPage(two, 'read')).toBe('hello');
    await expectTurn(two);
  });

  it('Graffiti', async () => {
    const [one, two] = await pagesWith('graffiti.js');
    const visitor = callPage(two, 'visitor');
    await callPage(one, 'announce');
    expect(await visitor).toEqual({ action: 'announce', peer: expect.stringMatching(/^[0-9a-f]{64}$/) });
  });

  describe('with the profile gun', () => {
    beforeAll(() => {
      compose('--profile', 'gun', 'up', '--detach', '--build', '--wait', 'gun');
    });
    afterAll(() => {
      compose('--profile', 'gun', 'rm', '--stop', '--force', 'gun');
    });

    it('GunDB', async () => {
      await eventually(
        'gun behind nginx',
        () => get('gun.localhost', '/gun'),
        ({ status }) => status === 426,
      );
      const [one, two] = await pagesWith('gundb.js');
      expect(await callPage(one, 'put', 'world')).toBe('put');
      expect(await callPage(two, 'read')).toBe('world');
    });
  });

  it('WebRTC of your own', async () => {
    const [one] = await pagesWith('webrtc.js');
    expect(await callPage(one, 'state')).toBe('stable');
    await expectTurn(one);
  });
});
