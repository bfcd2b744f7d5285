// The tracker over real sockets: who gets in, what ends a connection, what it says over HTTP.
import { request } from 'node:http';
import { createConnection } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import WebSocket from 'ws';
import { FrameRouter } from '../../src/transport/frame-router.ts';
import { id } from '../support/links.ts';
import { frame, RawClient } from '../support/raw-client.ts';
import { until } from '../support/until.ts';
import { startTracker, type RunningTracker } from '../support/tracker.ts';

let tracker: RunningTracker;
const open: WebSocket[] = [];
const received = new Map<WebSocket, unknown[]>();
const start = async (env: Record<string, string> = {}): Promise<void> =>
  void (tracker = await startTracker(env));
afterEach(async () => {
  for (const webSocket of open.splice(0)) webSocket.terminate();
  await tracker.stop();
});

function connect(path = '/', options: WebSocket.ClientOptions = {}): WebSocket {
  const webSocket = new WebSocket(tracker.url + path, options);
  webSocket.on('error', () => undefined);
  const kept: unknown[] = [];
  received.set(webSocket, kept);
  webSocket.on('message', (data: Buffer) => kept.push(JSON.parse(data.toString())));
  open.push(webSocket);
  return webSocket;
}
const opened = (webSocket: WebSocket): Promise<void> =>
  new Promise((resolve, reject) =>
    webSocket.once('open', resolve).once('close', () => reject(new Error('refused'))),
  );
/** The next message; several may come in one piece, so they are kept until asked for. */
const message = async (webSocket: WebSocket): Promise<unknown> => {
  const kept = received.get(webSocket)!;
  while (kept.length === 0) await new Promise((resolve) => webSocket.once('message', resolve));
  return kept.shift();
};
const closed = (webSocket: WebSocket): Promise<number> =>
  new Promise((resolve) => webSocket.once('close', resolve));
const announce = (peer: string, more: object = {}): string =>
  JSON.stringify({ action: 'announce', info_hash: id('torrent'), peer_id: id(peer), ...more });

/** The answer to an upgrade that is refused. */
function refused(
  path: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; retryAfter: string | undefined; body: unknown }> {
  return new Promise((resolve, reject) => {
    const handshake = {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      ...headers,
    };
    request({ port: tracker.port, path, headers: handshake }, (response) => {
      let text = '';
      response.on('data', (part: Buffer) => (text += part.toString()));
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          retryAfter: response.headers['retry-after'],
          body: JSON.parse(text),
        }),
      );
    })
      .on('upgrade', (_response, socket) => {
        socket.destroy();
        reject(new Error('was let in'));
      })
      .on('error', reject)
      .end();
  });
}

describe('a connection', () => {
  it.each(['/', '/announce', '/tracker/socket', '/?x=y'])('is taken on %s', async (path) => {
    await start();
    const webSocket = connect(path);
    await opened(webSocket);
    webSocket.send(announce('alice'));
    expect(await message(webSocket)).toMatchObject({ incomplete: 1 });
  });

  it('may send binary frames that hold UTF-8, and fragments', async () => {
    await start();
    const webSocket = connect();
    await opened(webSocket);
    webSocket.send(Buffer.from(announce('alice')), { binary: true });
    expect(await message(webSocket)).toMatchObject({ incomplete: 1 });
    const text = announce('bob');
    webSocket.send(text.slice(0, 9), { fin: false });
    webSocket.send(text.slice(9), { fin: true });
    expect(await message(webSocket)).toMatchObject({ incomplete: 2 });
  });

  it('cannot pass bytes that are no text on to others', async () => {
    await start({ TRACKER_FAULTS_MAX: '1' });
    const [alice, bob] = [connect(), connect()] as const;
    await Promise.all([alice, bob].map(opened));
    bob.send(announce('bob'));
    await message(bob);
    const [before, after] = announce('alice', { offers: [{ offer: '#', offer_id: id('1') }] }).split('#') as [
      string,
      string,
    ];
    const bytes = Buffer.concat([Buffer.from(before), Buffer.from([0xff]), Buffer.from(after)]);
    for (let index = 0; index < 2; index++) alice.send(bytes, { binary: true });
    expect(await closed(alice)).toBe(1008);
    bob.send(announce('bob'));
    expect(await message(bob)).toMatchObject({ incomplete: 1 });
  });

  it('is gone from its swarms when it closes, however it closes', async () => {
    await start();
    const [alice, bob, carol] = [connect(), connect(), connect()] as const;
    await Promise.all([alice, bob, carol].map(opened));
    for (const [webSocket, name] of [
      [alice, 'alice'],
      [bob, 'bob'],
      [carol, 'carol'],
    ] as const) {
      webSocket.send(announce(name));
      await message(webSocket);
    }
    alice.terminate();
    bob.close();
    await closed(bob);
    let reply: unknown;
    for (let tries = 0; tries < 50; tries++) {
      carol.send(announce('carol'));
      reply = await message(carol);
      if ((reply as { incomplete: number }).incomplete === 1) break;
    }
    expect(reply).toMatchObject({ incomplete: 1 });
  });

  it('is closed with 1009 for a frame beyond the limit', async () => {
    await start({ TRACKER_FRAME_BYTES_MAX: '1024' });
    const webSocket = connect();
    await opened(webSocket);
    webSocket.send(announce('alice', { padding: 'x'.repeat(2000) }));
    expect(await closed(webSocket)).toBe(1009);
  });

  it('is closed after many frames that are no messages, not after some', async () => {
    await start({ TRACKER_FAULTS_MAX: '5' });
    const webSocket = connect();
    await opened(webSocket);
    for (let index = 0; index < 5; index++) webSocket.send('nonsense');
    webSocket.send(announce('alice'));
    for (let index = 0; index < 5; index++)
      expect(await message(webSocket)).toMatchObject({ 'failure reason': expect.any(String) });
    expect(await message(webSocket)).toMatchObject({ incomplete: 1 });
    webSocket.send('nonsense');
    expect(await closed(webSocket)).toBe(1008);
  });

  it('that announces too often is told so and stays', async () => {
    await start({ TRACKER_ANNOUNCES_BURST: '10', TRACKER_ANNOUNCES_PER_SECOND: '1' });
    const webSocket = connect();
    await opened(webSocket);
    const replies: unknown[] = [];
    for (let index = 0; index < 11; index++) {
      webSocket.send(announce('alice'));
      replies.push(await message(webSocket));
    }
    expect(replies[9]).toMatchObject({ incomplete: 1 });
    expect(replies[10]).toMatchObject({
      action: 'announce',
      info_hash: id('torrent'),
      'failure reason': expect.stringContaining('interval'),
    });
    expect(webSocket.readyState).toBe(WebSocket.OPEN);
  });

  it('that is in too many swarms is told so, and the operator sees it', async () => {
    await start({ TRACKER_SWARMS_PER_CONNECTION_MAX: '1' });
    const client = connect();
    await opened(client);
    client.send(announce('alice'));
    await message(client);
    client.send(announce('alice', { info_hash: id('another') }));
    expect(await message(client)).toMatchObject({
      'failure reason': expect.stringContaining('Too many torrents') as string,
    });
    const metrics = await (await fetch(tracker.url.replace('ws', 'http') + '/metrics')).text();
    expect(metrics).toContain('tracker_announces_refused_total{reason="connection_swarms_full"} 1');
  });

  it('that floods is closed', async () => {
    await start({ TRACKER_MESSAGES_BURST: '10', TRACKER_MESSAGES_PER_SECOND: '1', TRACKER_FAULTS_MAX: '3' });
    const webSocket = connect();
    await opened(webSocket);
    for (let index = 0; index < 20; index++) webSocket.send(announce('alice'));
    expect(await closed(webSocket)).toBe(1008);
  });

  it('is closed with 1012 when the tracker stops', async () => {
    await start();
    const webSocket = connect();
    await opened(webSocket);
    const code = closed(webSocket);
    await tracker.server.stop();
    expect(await code).toBe(1012);
  });

  it('ends alone where a bug of ours meets its frame', async () => {
    await start();
    // eslint-disable-next-line @typescript-eslint/unbound-method -- called with its own this below
    const { receive } = FrameRouter.prototype;
    FrameRouter.prototype.receive = function (connection, frame, ...rest) {
      if (frame.toString() === 'unlucky') throw new Error('a bug');
      receive.call(this, connection, frame, ...rest);
    };
    try {
      const [unlucky, other] = [connect(), connect()];
      await Promise.all([opened(unlucky), opened(other)]);
      unlucky.send('unlucky');
      expect(await closed(unlucky)).toBe(1011);
      other.send(announce('a'));
      expect(await message(other)).toMatchObject({ action: 'announce' });
      expect(tracker.webSockets.counts.failed).toBe(1);
    } finally {
      FrameRouter.prototype.receive = receive;
    }
  });

  it('that does not answer pings is ended', async () => {
    await start({ TRACKER_PING_SECONDS: '1' });
    const webSocket = connect('/', { autoPong: false });
    await opened(webSocket);
    webSocket.send(announce('alice'));
    expect(await closed(webSocket)).toBe(1006);
  });
});

describe('a handshake', () => {
  it('that is never finished is ended and counted', async () => {
    await start({ TRACKER_REQUEST_SECONDS: '1' });
    const socket = createConnection(tracker.port, '127.0.0.1', () =>
      socket.write('GET / HTTP/1.1\r\nHost: x\r\n'),
    );
    let answer = '';
    socket.on('data', (bytes: Buffer) => (answer += bytes.toString()));
    await new Promise((resolve) => socket.once('close', resolve));
    expect(answer).toMatch(/^HTTP\/1.1 408 /);
    const metrics = await (await fetch(`http://127.0.0.1:${tracker.port}/metrics`)).text();
    expect(metrics).toContain('tracker_socket_errors_total{code="ERR_HTTP_REQUEST_TIMEOUT"} 1');
  });

  it('with huge headers, and what is no HTTP, is answered and ended', async () => {
    await start();
    for (const [bytes, status] of [
      [`GET / HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(20_000)}\r\n\r\n`, '431'],
      ['\u0016\u0003\u0001 not http\r\n\r\n', '400'],
    ] as const) {
      const socket = createConnection(tracker.port, '127.0.0.1', () => socket.write(bytes));
      let answer = '';
      socket.on('data', (part: Buffer) => (answer += part.toString())).on('error', () => undefined);
      await new Promise((resolve) => socket.once('close', resolve));
      expect(answer.slice(0, 12)).toBe(`HTTP/1.1 ${status}`);
    }
  });
});

describe('admission', () => {
  /** The server hears of a close a moment after the client. */
  async function isLetIn(): Promise<void> {
    for (let tries = 0; tries < 50; tries++) {
      const again = connect();
      if (
        await opened(again).then(
          () => true,
          () => false,
        )
      )
        return;
      await sleep(10);
    }
    throw new Error('was never let in');
  }

  it('refuses an address that has too many connections, and lets it in again later', async () => {
    await start({ TRACKER_CONNECTIONS_PER_ADDRESS_MAX: '1' });
    const first = connect();
    await opened(first);
    const { status, retryAfter, body } = await refused('/');
    expect([status, Number(retryAfter) >= 60, body]).toEqual([
      429,
      true,
      { error: 'address_full', message: 'Too many connections from your address' },
    ]);
    first.close();
    await closed(first);
    await isLetIn();
  });

  it('forgets a handshake that it could not read, once its connection is closed', async () => {
    await start({ TRACKER_CONNECTIONS_PER_ADDRESS_MAX: '1' });
    const socket = createConnection(tracker.port, '127.0.0.1', () =>
      socket.write(
        'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: ?\r\n\r\n',
      ),
    );
    socket.resume();
    await new Promise((resolve) => socket.once('close', resolve));
    await isLetIn();
  });

  it('refuses when it is full', async () => {
    await start({ TRACKER_CONNECTIONS_MAX: '1' });
    await opened(connect());
    expect(await refused('/')).toMatchObject({
      status: 503,
      retryAfter: expect.stringMatching(/^(1[5-9]|2\d|30)$/),
      body: { error: 'connections_full', relays: expect.any(Array) },
    });
  });

  it('lets nobody in while memory is used up', async () => {
    await start();
    await opened(connect());
    const { budget } = tracker;
    expect(budget.bytes).toBeGreaterThan(0);
    budget.reserve(budget.bytesMax);
    expect(await refused('/')).toMatchObject({ status: 503, body: { error: 'memory_full' } });
    expect(tracker.gate.refused.memory_full).toBe(1);
    budget.reserve(-budget.bytesMax);
    await opened(connect());
  });

  it('holds so much of unfinished messages for an address, and then cuts those that want more', async () => {
    await start({ TRACKER_BUDGET_BYTES_MAX: '2000000' });
    const clients = await Promise.all(Array.from({ length: 9 }, () => RawClient.open(tracker.port)));
    for (const client of clients) {
      const wasBytes = tracker.budget.bytes;
      await client.send(frame(Buffer.alloc(59_000), { claimedBytes: 60_000 }));
      await until(() => !client.isOpen || tracker.budget.bytes > wasBytes + 58_000, 10);
    }
    const heldBytes = tracker.budget.bytes;
    expect(clients.filter(({ isOpen }) => isOpen)).toHaveLength(7);
    expect(heldBytes).toBeGreaterThan(7 * 59_000);
    expect(tracker.budget.counts.address_memory).toBe(2);
    for (const client of clients) client.close();
    await until(() => tracker.budget.bytes === 0, 10);
  });

  it('counts addresses behind a trusted proxy, and believes nobody else', async () => {
    await start({ TRACKER_CONNECTIONS_PER_ADDRESS_MAX: '1', TRACKER_TRUSTED_PROXIES: '127.0.0.1' });
    await opened(connect('/', { headers: { 'x-forwarded-for': '192.0.2.1' } }));
    await opened(connect('/', { headers: { 'x-forwarded-for': '192.0.2.2' } }));
    expect(await refused('/', { 'x-forwarded-for': '6.6.6.6, 192.0.2.2' })).toMatchObject({ status: 429 });
    await tracker.stop();
    await start({ TRACKER_CONNECTIONS_PER_ADDRESS_MAX: '1' });
    await opened(connect('/', { headers: { 'x-forwarded-for': '192.0.2.1' } }));
    expect(await refused('/', { 'x-forwarded-for': '192.0.2.2' })).toMatchObject({ status: 429 });
  });

  it('refuses pages of other origins', async () => {
    await start({ TRACKER_ORIGINS: 'https://example.org' });
    await opened(connect('/', { origin: 'https://example.org' }));
    expect(await refused('/', { origin: 'https://evil.example' })).toMatchObject({
      status: 403,
      retryAfter: undefined,
    });
  });
});

describe('over HTTP', () => {
  const get = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`http://127.0.0.1:${tracker.port}${path}`, { headers });

  it('shows people what it is and what goes into a magnet', async () => {
    await start({ TRACKER_PUBLIC_URL: 'wss://tracker.example.org' });
    const html = await (await get('/')).text();
    expect(html).toContain('&amp;tr=wss%3A%2F%2Ftracker.example.org');
  });

  it('shows numbers under bittorrent-tracker’s names', async () => {
    await start();
    const webSocket = connect();
    await opened(webSocket);
    webSocket.send(announce('alice', { peer_id: '-WW0208-abcdefghijkl', left: 0 }));
    await message(webSocket);
    const expected = {
      torrents: 1,
      activeTorrents: 1,
      peersAll: 1,
      peersSeederOnly: 1,
      peersLeecherOnly: 0,
      peersSeederAndLeecher: 0,
      peersIPv4: 1,
      peersIPv6: 0,
    };
    const stats = await get('/stats.json');
    expect(stats.headers.get('access-control-allow-origin')).toBe('*');
    expect(await stats.json()).toEqual({ ...expected, clients: { WebTorrent: { '2.8': 1 } } });
    expect(await (await get('/stats', { accept: 'application/json' })).json()).toMatchObject(expected);
    expect(await (await get('/stats')).text()).toContain('WebTorrent');
  });

  it.each(['/stats.json', '/healthz', '/relay'])(
    'answers %s as if nothing were asked for where the Upgrade is none that it knows',
    async (path) => {
      await start();
      const plain = await fetch(tracker.url.replace('ws', 'http') + path);
      const upgrading = await refused(path, { upgrade: 'h2c', 'http2-settings': 'AAMAAABkAAQAAP__' });
      expect([upgrading.status, upgrading.body]).toEqual([plain.status, await plain.json()]);
      expect(tracker.gate.refused).toEqual({
        origin: 0,
        turned_away: 0,
        memory_full: 0,
        address_rate: 0,
        connections_full: 0,
        address_full: 0,
      });
    },
  );

  it('hides numbers where the operator says so', async () => {
    await start({ TRACKER_STATS: 'false' });
    expect((await get('/stats.json')).status).toBe(404);
  });

  it.each(['/relays.json', '/stats.json', '/.well-known/relay-swarm'])(
    'lets pages ask for %s with headers that a tracing agent adds',
    async (path) => {
      tracker = await startTracker();
      const asked = await fetch(`http://127.0.0.1:${tracker.port}${path}`, {
        method: 'OPTIONS',
        headers: {
          origin: 'https://example.org',
          'access-control-request-method': 'GET',
          'access-control-request-headers': 'traceparent, x-request-id',
        },
      });
      expect([asked.status, asked.headers.get('access-control-allow-origin')]).toEqual([204, '*']);
      expect(asked.headers.get('access-control-allow-headers')).toBe('traceparent, x-request-id');
      expect(asked.headers.get('access-control-allow-methods')).toContain('GET');
    },
  );

  it('answers operators, and 404 and 405 in words', async () => {
    await start();
    expect(await (await get('/healthz')).json()).toMatchObject({ ok: true });
    expect(await (await get('/metrics')).text()).toContain('tracker_connections 0');
    expect((await get('/nothing')).status).toBe(404);
    expect((await fetch(`http://127.0.0.1:${tracker.port}/stats`, { method: 'POST' })).status).toBe(405);
    expect((await get('/relays.json')).headers.get('access-control-allow-origin')).toBe('*');
  });
});
