// Real clients through the whole bundle: nginx with TLS by a local authority, the tracker, PeerJS, GunDB, TURN; and the rehearsal that brings it up. The
// table in docs/clients.md has a row for each.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { CLIENTS, outputOf, TorrentSwarm } from '../support/clients/torrents.ts';
import { FILES, PAGES, RELAYED } from '../support/clients/pages.ts';
import { docker } from '../support/bundle.ts';
import {
  callPage,
  launchChromium,
  openPage,
  serveProgram,
  type Browser,
  type PageServer,
} from '../support/chromium.ts';
import { launchFirefox, type Browser as Firefox, type Page as FirefoxPage } from '../support/firefox.ts';
import { Rehearsal, type Outcome } from '../support/rehearsal.ts';
import { readRepositoryFile, root } from '../support/repository.ts';
import { findTool, requireFound } from '../support/tools.ts';

/** At once: more would only wait for each other on a small machine. */
const AT_ONCE_MAX = 4;
const ROW_MS_MAX = 90_000;
/** Images may have to be built first. */
const HOOK_MS_MAX = 600_000;
const WAYS = { UDP: ['turn', 'udp'], TCP: ['turn', 'tcp'], TLS: ['turns', 'tcp'] } as const;

const AIORTC = join(root, 'test/support/clients/aiortc-pair.py');
const PION = join(root, 'test/support/clients/pion');
/** Those too that take minutes to compile. */
const hasAll = process.env['ALL_CLIENTS'] === 'true';

const tools = {
  aria2c: findTool('aria2c'),
  'transmission-cli': findTool('transmission-cli'),
  rtorrent: findTool('rtorrent'),
  certutil: findTool('certutil'),
  'firefox-esr': findTool('firefox-esr', 'firefox'),
  chromium: findTool('chromium'),
};

/** Fails when it takes longer than any client does. */
async function inTime<T>(run: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new Error(`Cannot wait longer: nothing after ${ROW_MS_MAX / 1000} s`)),
      ROW_MS_MAX,
    );
  });
  return Promise.race([run(), late]).finally(() => clearTimeout(timer));
}

/** Runs no more than so many at once. */
function atMost(count: number): <T>(run: () => Promise<T>) => Promise<T> {
  const slots = Array.from({ length: count }, () => Promise.resolve());
  let next = 0;
  return (run) => {
    const slot = next++ % count;
    const result = slots[slot]!.then(run);
    slots[slot] = result.then(
      () => undefined,
      () => undefined,
    );
    return result;
  };
}

requireFound(tools)('real clients through the whole bundle', () => {
  let rehearsal: Rehearsal;
  let setup: Outcome;
  let chromium: Browser | undefined;
  let firefox: Firefox | undefined;
  let firefoxPage: FirefoxPage;
  let torrents: TorrentSwarm | undefined;
  let relayedPages: PageServer;
  const servers: PageServer[] = [];
  const outcomes = new Map<string, Promise<unknown>>();

  /** Two pages meet; what the second says has come from the first. */
  const inPages = (name: string) => async (): Promise<string> => {
    const server = await serveProgram(PAGES[name]!, import.meta.dirname, FILES);
    servers.push(server);
    const [one, two] = [await openPage(chromium!, server.url), await openPage(chromium!, server.url)];
    const first = await callPage(one, 'first', rehearsal.tracker);
    const second = await callPage<string>(two, 'second', rehearsal.tracker, first);
    await Promise.all([one, two].map((page) => page.context().close()));
    return second;
  };
  const torrent = (client: string, over: string) => async (): Promise<string> => {
    const made = torrents!.torrent(`${client}-${over}`);
    const got = await torrents!.get(client, made, rehearsal.caFile);
    return got.equals(made.content) ? 'hello' : 'something else';
  };
  const inChromium = (over: keyof typeof WAYS) => async (): Promise<unknown> =>
    callPage(await openPage(chromium!, relayedPages.url), 'relayed', rehearsal.tracker, ...WAYS[over]);
  const inFirefox = (over: keyof typeof WAYS) => (): Promise<unknown> =>
    firefoxPage.evaluate(
      `program.relayed(${JSON.stringify([rehearsal.tracker, ...WAYS[over]]).slice(1, -1)})`,
    );
  /** A pair of peers in a program of its own, which takes the address of `/ice-servers` and `turn:udp`, `turn:tcp` or `turns:tcp`. */
  const pair =
    (command: () => readonly [string, ...string[]], over: keyof typeof WAYS) => (): Promise<string> => {
      const [program, ...args] = command();
      const url = `https://${rehearsal.tracker}/ice-servers`;
      return outputOf(rehearsal.knowing(program), [...args, url, WAYS[over].join(':')], rehearsal.trusting);
    };
  const werift = async (): Promise<unknown> => {
    const server = (await rehearsal.iceServers()).find(({ username }) => username !== undefined)!;
    const given = { ...server, url: server.urls.find((url) => url.endsWith('udp')), messages: 20 };
    const args = [join(root, 'stun/test/support/werift-pair.mjs'), JSON.stringify(given)];
    return (
      JSON.parse(await outputOf(rehearsal.knowing(process.execPath), args, rehearsal.trusting)) as string[]
    ).length;
  };

  /** A row of the table: what it is called there, how it runs, what comes of it. */
  type Row = readonly [client: string, over: string, run: () => Promise<unknown>, result: unknown];
  const relayed = { back: 20, types: ['relay'] };
  const ways = Object.keys(WAYS) as (keyof typeof WAYS)[];
  const ROWS: readonly Row[] = [
    ...Object.keys(PAGES).map((name): Row => [name, 'HTTPS', inPages(name), 'hello']),
    ...Object.keys(CLIENTS).flatMap((client) =>
      ['HTTPS', 'UDP'].map((over): Row => [client, over, torrent(client, over), 'hello']),
    ),
    ...ways.map((over): Row => ['Chromium', over, inChromium(over), relayed]),
    ...ways.map((over): Row => ['Firefox', over, inFirefox(over), relayed]),
    ...ways.map((over): Row => [
      'aiortc',
      over,
      pair(() => ['/usr/bin/python3', AIORTC], over),
      'back: 20\n',
    ]),
    ['werift', 'UDP', werift, 20],
    ...ways.map((over): Row => [
      'pion',
      over,
      pair(() => [join(rehearsal.folder, 'pion-pair')], over),
      'back: 20\n',
    ]),
  ];
  const ROWS_RUN = hasAll ? ROWS : ROWS.filter(([client]) => client !== 'pion');

  beforeAll(async () => {
    rehearsal = await Rehearsal.prepare();
    if (hasAll) execFileSync('go', ['build', '-o', join(rehearsal.folder, 'pion-pair'), '.'], { cwd: PION });
    setup = await rehearsal.setup();
  }, HOOK_MS_MAX);
  beforeAll(async () => {
    if (setup.code !== 0) return;
    torrents = new TorrentSwarm(rehearsal.folder, rehearsal.trusting, (name) => rehearsal.knowing(name));
    for (const client of Object.keys(CLIENTS)) {
      torrents.make(`${client}-HTTPS`, `https://${rehearsal.tracker}/announce`);
      torrents.make(`${client}-UDP`, rehearsal.udpAnnounce);
    }
    rehearsal.nssFolder('home/.pki/nssdb');
    [relayedPages] = await Promise.all([serveProgram(RELAYED, import.meta.dirname), torrents.seed()]);
    servers.push(relayedPages);
    chromium = await launchChromium([], {
      executable: rehearsal.knowing(tools.chromium!),
      env: { ...process.env, HOME: join(rehearsal.folder, 'home') },
    });
    firefox = await launchFirefox({
      executable: rehearsal.knowing(tools['firefox-esr']!),
      profile: rehearsal.nssFolder('firefox'),
    });
    firefoxPage = await firefox.newPage();
    await firefoxPage.goto(relayedPages.url);
    await firefoxPage.waitForFunction('globalThis.program !== undefined');
    const limited = atMost(AT_ONCE_MAX);
    for (const [client, over, run] of ROWS_RUN) {
      // Once more where it was late: browsers lose their connections when another container's network comes or goes.
      const outcome = limited(() => inTime(run).catch(() => inTime(run)));
      outcome.catch(() => undefined); // whose test comes later
      outcomes.set(`${client} ${over}`, outcome);
    }
  }, HOOK_MS_MAX);
  afterAll(async () => {
    torrents?.stop();
    await Promise.all([chromium?.close(), firefox?.close(), ...servers.map((server) => server.close())]);
    await rehearsal.remove();
  });

  it('the rehearsal brings everything up with TLS and uses it once', () => {
    expect([setup.code, setup.output]).toEqual([
      0,
      expect.stringContaining('Away with it: scripts/rehearse down'),
    ]);
    for (const part of ['tracker', 'roster', 'peerjs', 'turn', 'turns'])
      expect(setup.output).toMatch(new RegExp(`^OK {4}${part}: `, 'm'));
  });

  it('has a row for each in docs/clients.md, and its version there', () => {
    const told = [
      ...readRepositoryFile('docs/clients.md').matchAll(
        /^\| ([^|]+) \| ([\d.]+)[^|]* \| ([^|]+) \| ([^|]+) \|$/gm,
      ),
    ].map((cells) => cells.slice(1).map((cell) => cell.trim()) as [string, string, string, string]);
    const run = new Set(ROWS.map(([client, over]) => `${client} over ${over}`));
    const inTable = told.flatMap(([client, , , over]) =>
      over.split(', ').map((each) => `${client} over ${each}`),
    );
    expect(new Set(inTable)).toEqual(run);
    const { devDependencies } = JSON.parse(readRepositoryFile('package.json')) as {
      devDependencies: Record<string, string>;
    };
    for (const [client, version, from] of told) {
      if (client === 'mesh')
        expect(readRepositoryFile('packages/mesh/package.json')).toContain(`"version": "${version}"`);
      if (client === 'pion')
        expect(readRepositoryFile('test/support/clients/pion/go.mod')).toContain(`/webrtc/v4 v${version}`);
      const [, spec] = /^npm `([^`]+)`/.exec(from) ?? [];
      if (spec === undefined) continue;
      // An older version of a client stands beside the newest one under another name.
      const alias = Object.entries(devDependencies).find(([, value]) => value === `npm:${spec}`)?.[0];
      const folder = spec === 'werift' ? 'stun/node_modules' : 'node_modules';
      const found = JSON.parse(readRepositoryFile(`${folder}/${alias ?? spec}/package.json`)) as {
        version: string;
      };
      expect([client, version]).toEqual([client, found.version]);
    }
  });

  it.each(ROWS_RUN)('%s over %s', async (client, over, _run, result) => {
    expect(await outcomes.get(`${client} ${over}`)).toEqual(result);
  });

  it('the rehearsal goes without a trace', async () => {
    await Promise.allSettled(outcomes.values());
    expect((await rehearsal.setup('down')).code).toBe(0);
    const label = `label=com.docker.compose.project=${rehearsal.project}`;
    for (const kind of ['container', 'volume', 'network'])
      expect(
        docker(kind, 'ls', ...(kind === 'container' ? ['--all'] : []), '--quiet', '--filter', label),
      ).toBe('');
  });
});
