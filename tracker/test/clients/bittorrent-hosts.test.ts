// bittorrent-tracker's own client over HTTP and UDP, and what stands on the wire, over real sockets.
import bencode from 'bencode';
import { Client, type ScrapeResult, type Update } from 'bittorrent-tracker';
import { once } from 'node:events';
import { request } from 'node:http';
import { createSocket } from 'node:dgram';
import { silentLog } from '@relay-swarm/kit';
import { createUdpServer } from '../../src/frontends/udp/udp-server.ts';
import type { UdpTracker } from '../../src/frontends/udp/udp-tracker.ts';
import { Crowd } from '../support/crowd.ts';
import { until } from '../support/until.ts';
import { startTracker, type RunningTracker } from '../support/tracker.ts';
import { findFreeUdpPort } from '../support/udp-port.ts';

// Bytes that a URL spells in every way: plain, escaped, with a plus, an ampersand and a percent sign among them.
const infoHash = '00010a0d1f2026252b2f3d3f5c7e7f80a0c3e9ff';
const other = 'd0'.repeat(20);
const bytesOf = (hex: string): string => hex.replace(/../g, '%$&');

let tracker: RunningTracker;
let clients: Client[] = [];
let warnings: string[] = [];
const start = async (env: Record<string, string> = {}): Promise<void> => {
  tracker = await startTracker({ TRACKER_UDP_PORT: String(await findFreeUdpPort()), ...env });
};
afterEach(async () => {
  await Promise.all(clients.map((client) => new Promise<void>((resolve) => client.destroy(resolve))));
  [clients, warnings] = [[], []];
  await tracker.stop();
});

const urlOf = (protocol: 'http' | 'udp'): string =>
  protocol === 'http'
    ? `http://127.0.0.1:${tracker.port}/announce`
    : `udp://127.0.0.1:${tracker.bittorrent.udp!.port}`;

function createClient(protocol: 'http' | 'udp', name: string, port: number, torrent = infoHash): Client {
  const peerId = Buffer.from(`-qB5000-${name.padStart(12, '/')}`).toString('hex');
  const client = new Client({ infoHash: torrent, peerId, announce: urlOf(protocol), port });
  client.on('warning', (error: Error) => warnings.push(error.message));
  client.on('error', (error: Error) => warnings.push(error.message));
  clients.push(client);
  return client;
}

async function after<T>(client: Client, event: string, act: () => void): Promise<T> {
  const happened = once(client, event, { signal: AbortSignal.timeout(5_000) });
  act();
  return (await happened)[0];
}

describe.each(['http', 'udp'] as const)("bittorrent-tracker's client over %s", (protocol) => {
  beforeEach(() => start());

  it('starts, completes and stops, and is counted each time', async () => {
    const [seeder, leecher] = [
      createClient(protocol, 'seeder', 7001),
      createClient(protocol, 'leecher', 7002),
    ];
    const count = async (client: Client, act: () => void) => {
      const { complete, incomplete } = await after<Update>(client, 'update', act);
      return [complete, incomplete];
    };
    expect(await count(seeder, () => seeder.start({ left: 0 }))).toEqual([1, 0]);
    expect(await count(leecher, () => leecher.start({ left: 2 ** 32 }))).toEqual([1, 1]);
    expect(await count(leecher, () => leecher.update({ left: 2 ** 32 }))).toEqual([1, 1]);
    expect(await count(leecher, () => leecher.complete({ left: 0 }))).toEqual([2, 0]);
    expect(await count(leecher, () => leecher.stop({ left: 0 }))).toEqual([1, 0]);
    expect(await count(seeder, () => seeder.stop({ left: 0 }))).toEqual([0, 0]);
    expect(warnings).toEqual([]);
    expect(tracker.bittorrent.ipPeers.size).toBe(0);
  });

  it('hears of the others, never of itself', async () => {
    const [one, two] = [createClient(protocol, 'one', 7001), createClient(protocol, 'two', 7002)];
    await after(one, 'update', () => one.start({ left: 5 }));
    expect(await after(two, 'peer', () => two.start({ left: 5 }))).toBe('127.0.0.1:7001');
    expect(await after(one, 'peer', () => one.update({ left: 5 }))).toBe('127.0.0.1:7002');
    expect(warnings).toEqual([]);
  });

  it('counts as incomplete as long as it does not know what it lacks', async () => {
    const client = createClient(protocol, 'magnet', 7001);
    const update = await after<Update>(client, 'update', () => client.start({ left: null }));
    expect(update).toMatchObject({ complete: 0, incomplete: 1 });
  });

  it('scrapes several torrents, unknown ones too', async () => {
    // Letters only: over HTTP this client spoils every info hash that is not UTF-8 when it reads the answer.
    const [known, unknown] = [Buffer.from('a'.repeat(20)), Buffer.from('z'.repeat(20))];
    const client = createClient(protocol, 'one', 7001, known.toString('hex'));
    await after(client, 'update', () => client.start({ left: 0 }));
    const results = new Map<string, ScrapeResult>();
    client.on('scrape', (result: ScrapeResult) => results.set(result.infoHash, result));
    // Over UDP it takes several info hashes only as bytes, over HTTP only as text.
    const infoHash = (protocol === 'http'
      ? [known.toString('hex'), unknown.toString('hex')]
      : [known, unknown]) as unknown as string[];
    await after(client, 'scrape', () => client.scrape({ infoHash }));
    expect(results.get(known.toString('hex'))).toMatchObject({ complete: 1, incomplete: 0, downloaded: 0 });
    expect(results.get(unknown.toString('hex'))).toMatchObject({ complete: 0, incomplete: 0, downloaded: 0 });
    expect(warnings).toEqual([]);
  });
});

describe('hosts and browsers', () => {
  it('are counted together, whichever way one asks', async () => {
    await start();
    const http = createClient('http', 'http', 7001);
    const udp = createClient('udp', 'udp', 7002);
    const browser = new Client({
      infoHash,
      peerId: Buffer.from('-WW0208-aaaaaaaaaaaa').toString('hex'),
      announce: tracker.url,
      port: 7003,
      getAnnounceOpts: () => ({ numwant: 0 }),
    });
    clients.push(browser);
    await after(browser, 'update', () => browser.start({ left: 0 }));
    await after(http, 'update', () => http.start({ left: 0 }));
    expect(await after(udp, 'update', () => udp.start({ left: 1 }))).toMatchObject({
      complete: 2,
      incomplete: 1,
    });
    expect(await after(browser, 'update', () => browser.update({ left: 0 }))).toMatchObject({
      complete: 2,
      incomplete: 1,
    });
    const stats = await (await fetch(`http://127.0.0.1:${tracker.port}/stats.json`)).json();
    expect(stats).toMatchObject({ peersAll: 3, peersSeederOnly: 2, torrents: 1 });
    const metrics = await (await fetch(`http://127.0.0.1:${tracker.port}/metrics`)).text();
    expect(metrics).toContain('tracker_hosts 2\n');
    expect(metrics).toContain('tracker_udp_packets_total{kind="announces"} 1\n');
  });
});

/** Asks as a client in the given network would, seen through a proxy, and gives the body back. */
function get(
  path: string,
  from?: string,
  method = 'GET',
): Promise<{ status: number; body: Buffer; type: string }> {
  const headers = from === undefined ? {} : { 'x-forwarded-for': from };
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port: tracker.port, path, method, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          body: Buffer.concat(chunks),
          type: response.headers['content-type'] ?? '',
        }),
      );
    })
      .on('error', reject)
      .end();
  });
}
const announcePath = (more: string): string =>
  `/announce?info_hash=${bytesOf(infoHash)}&peer_id=-qB5000-abcdefghijkl&${more}`;
const text = (body: Buffer): string => body.toString('latin1');
const TURNED_AWAY = 'This relay takes no further peers now, try another one or come back later';
const failureOf = (reason: string): string => `d14:failure reason${reason.length}:${reason}e`;

describe('a relay that is full', () => {
  const CONNECTIONS_MAX = 4;

  it.each(['http', 'udp'] as const)(
    'keeps the hosts that it has over %s, and turns newcomers away',
    async (protocol) => {
      await start({ TRACKER_CONNECTIONS_MAX: String(CONNECTIONS_MAX) });
      const crowd = new Crowd(tracker.url);
      const [inside, newcomer] = [
        createClient(protocol, 'inside', 7001),
        createClient(protocol, 'new', 7002),
      ];
      await after(inside, 'update', () => inside.start({ left: 0 }));
      await crowd.growTo(CONNECTIONS_MAX);
      await until(() => tracker.relays.state() === 'full', 20);

      const warning = await after<Error>(newcomer, 'warning', () => newcomer.start({ left: 5 }));
      expect(warning.message).toContain('no further peers');
      expect(await after<Update>(inside, 'update', () => inside.update({ left: 0 }))).toMatchObject({
        complete: 1,
        incomplete: 0,
      });
      expect(text((await get(announcePath('port=9&left=5'), '203.0.113.7')).body)).toBe(
        failureOf(TURNED_AWAY).replace(/e$/, '8:retry ini1ee'),
      );
      crowd.leave();
    },
    60_000,
  );
});

describe('the bytes of HTTP answers', () => {
  beforeEach(() => start({ TRACKER_TRUSTED_PROXIES: 'loopback', TRACKER_DENY: other }));
  const announce = async (from: string, more: string): Promise<string> =>
    text((await get(announcePath(more), from)).body);

  it('are compact with peers6 beside peers, or a list of dictionaries where that is asked for', async () => {
    await announce('203.0.113.7', 'port=258&left=0');
    await announce('2001:db8::7', 'port=258&left=5');
    const head = 'd8:completei1e10:downloadedi0e10:incompletei2e8:intervali900e';
    const six = Buffer.from('20010db8000000000000000000000007', 'hex').toString('latin1');
    expect(await announce('203.0.113.9', 'port=3&left=5')).toBe(
      `${head}5:peers6:\xcb\x00\x71\x07\x01\x026:peers618:${six}\x01\x02e`,
    );
    const dictionaries = await announce('203.0.113.9', 'port=3&left=5&compact=0');
    expect(dictionaries).toBe(
      `${head}5:peersl` +
        'd2:ip11:203.0.113.77:peer id20:-qB5000-abcdefghijkl4:porti258ee' +
        'd2:ip20:2001:db8:0:0:0:0:0:77:peer id20:-qB5000-abcdefghijkl4:porti258ee' +
        'ee',
    );
    expect(await announce('203.0.113.9', 'port=3&left=5&compact=0&no_peer_id=1')).not.toContain('peer id');
  });

  it("prefer the asker's own family where not everybody fits", async () => {
    await announce('203.0.113.7', 'port=1&left=0');
    await announce('2001:db8::7', 'port=1&left=0');
    expect(await announce('203.0.113.9', 'port=3&left=5&numwant=1')).toMatch(/5:peers6:.{6}e$/s);
    expect(await announce('2001:db8::9', 'port=3&left=5&numwant=1')).toMatch(/5:peers0:6:peers618:.{18}e$/s);
    expect(await announce('203.0.113.9', 'port=3&left=5&numwant=0')).toMatch(/5:peers0:e$/);
  });

  it('list the address that the request came from, whatever it claims', async () => {
    await announce('203.0.113.7', 'port=1&left=0&ip=8.8.8.8&ipv4=8.8.8.8&ipv6=::1');
    expect(await announce('203.0.113.9', 'port=3&left=5')).toContain('5:peers6:\xcb\x00\x71\x07\x00\x01');
  });

  it('scrape: files in the order of their bytes', async () => {
    await announce('203.0.113.7', 'port=1&left=0&event=completed');
    const { body, type } = await get(
      `/scrape?info_hash=${'z'.repeat(20)}&info_hash=${bytesOf(infoHash)}&info_hash=%ff${'a'.repeat(19)}`,
    );
    const zeros = 'd8:completei0e10:downloadedi0e10:incompletei0ee';
    expect(text(body)).toBe(
      `d5:filesd20:${Buffer.from(infoHash, 'hex').toString('latin1')}d8:completei1e10:downloadedi1e10:incompletei0ee` +
        `20:${'z'.repeat(20)}${zeros}20:\xff${'a'.repeat(19)}${zeros}e` +
        `5:flagsd20:min_request_intervali900eee`,
    );
    expect(type).toBe('text/plain');
  });

  it('are read by the library as they were meant', async () => {
    const { body } = await get(announcePath('port=1&left=0'), '203.0.113.7');
    const decoded = (bencode as unknown as { decode(bytes: Buffer): Record<string, unknown> }).decode(body);
    expect(decoded).toMatchObject({ complete: 1, incomplete: 0, interval: 900 });
  });

  it.each([
    ['no info_hash', '/announce', 'Cannot read "info_hash": it must be 20 bytes'],
    ['no port', announcePath('left=0'), 'Cannot read "port": it must be a whole number from 1 to 65535'],
    [
      'a denied torrent',
      announcePath('port=1').replace(bytesOf(infoHash), bytesOf(other)),
      'This info_hash is not served here: it is on the deny list',
    ],
    ['a scrape of everything', '/scrape', 'Cannot scrape every torrent: name the info_hash of each one'],
  ])('refuse %s with status 200, since clients read nothing else', async (_case, path, reason) => {
    const { status, body } = await get(path, '203.0.113.7');
    expect([status, text(body)]).toEqual([200, failureOf(reason)]);
  });

  it('answer nothing but GET', async () => {
    const { status, body } = await get('/announce', undefined, 'POST');
    expect([status, JSON.parse(text(body))]).toEqual([405, expect.objectContaining({ error: 'method' })]);
    expect((await get('/announce/', undefined)).status).toBe(404);
  });
});

describe('limits', () => {
  it('hold for each address, over HTTP and UDP together', async () => {
    await start({
      TRACKER_TRUSTED_PROXIES: 'loopback',
      TRACKER_BITTORRENT_REQUESTS_BURST: '3',
      TRACKER_BITTORRENT_REQUESTS_PER_SECOND: '1',
      TRACKER_BITTORRENT_HOSTS_PER_ADDRESS_MAX: '1',
    });
    const ask = async (from: string | undefined, more: string): Promise<string> =>
      text((await get(announcePath(more), from)).body);
    expect(await ask('127.0.0.1', 'port=1')).toContain('interval');
    expect(await ask('127.0.0.1', 'port=2')).toBe(failureOf('Too many torrents from one address'));
    await ask('127.0.0.1', 'port=1');
    expect(await ask('127.0.0.1', 'port=1')).toBe(
      'd14:failure reason34:Too many requests, come back later8:retry ini1ee',
    );
    const client = createClient('udp', 'one', 1);
    const warning = await after<Error>(client, 'warning', () => client.start({ left: 1 }));
    expect(warning.message).toContain('Too many requests');
    expect(await ask('203.0.113.7', 'port=1')).toContain('interval');
    // One client owns a whole /64, so these four are the same.
    for (const last of ['1', '2', '3']) await ask(`2001:db8:0:1::${last}`, 'port=1');
    expect(await ask('2001:db8:0:1::4', 'port=1')).toBe(
      'd14:failure reason34:Too many requests, come back later8:retry ini1ee',
    );
    expect(await ask('2001:db8:0:2::4', 'port=1')).toContain('interval');
  });
});

describe('the UDP port', () => {
  it('is closed unless it is asked for', async () => {
    await start({ TRACKER_UDP_PORT: '0' });
    expect(tracker.bittorrent.udp).toBeUndefined();
    expect(tracker.parts.map(({ name }) => name)).not.toContain('udp-tracker');
  });

  it('is named, with its setting, where another program has it', async () => {
    await start();
    const { port } = tracker.bittorrent.udp!;
    const nobody = undefined as never;
    const second = createUdpServer({
      host: '127.0.0.1',
      port,
      receiveBufferBytes: 65_536,
      tracker: nobody,
      monotonicMs: () => 0,
      log: silentLog,
    });
    await expect(second.start()).rejects.toThrow(
      `Cannot listen on port ${port} for the UDP tracker: another program uses it. Stop that program, or set TRACKER_UDP_PORT to a free port`,
    );
    await second.stop();
  });

  it('answers from the address that was asked, on each of its own', async () => {
    const own = ['127.0.0.1', '127.0.0.2', '127.0.0.3'];
    const echo = { handle: (packet: Buffer) => packet } as unknown as UdpTracker;
    const server = createUdpServer({
      host: '0.0.0.0',
      port: 0,
      receiveBufferBytes: 65_536,
      tracker: echo,
      own: () => own,
      monotonicMs: () => performance.now(),
      log: silentLog,
    });
    await server.start();
    try {
      for (const address of own) {
        // A connected socket hears nobody but whom it asked, as clients do
        const socket = createSocket('udp4');
        socket.connect(server.port, address);
        await once(socket, 'connect');
        const answered = once(socket, 'message', { signal: AbortSignal.timeout(5_000) });
        socket.send('hello');
        expect(String((await answered)[0])).toBe('hello');
        socket.close();
      }
    } finally {
      await server.stop();
    }
  });

  it('takes both families where it listens on ::', async () => {
    await start({ TRACKER_HOST: '::' });
    const client = createClient('udp', 'one', 7001); // this client speaks IPv4 only
    expect(await after(client, 'update', () => client.start({ left: 0 }))).toMatchObject({ complete: 1 });
    const other = createClient('udp', 'two', 7002);
    expect(await after(other, 'peer', () => other.start({ left: 5 }))).toBe('127.0.0.1:7001');
  });
});
