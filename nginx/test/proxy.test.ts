import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, request, type IncomingMessage, type RequestOptions, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { requireTool } from '../../test/support/tools.ts';
import { NginxUnderTest } from './support/nginx.ts';

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

const answers = new Set<Server>();

/** A service behind nginx that tells what reached it; an upgrade is answered and then echoed. */
async function service(name: string, status = 200): Promise<string> {
  const server = createServer((incoming, response) => {
    if (incoming.url === '/frozen') return;
    response.writeHead(status, { 'x-service': name, 'retry-after': '77' });
    response.end(JSON.stringify({ name, url: incoming.url, headers: incoming.headers }));
  });
  server.on('upgrade', (incoming, socket) => {
    socket.on('error', () => undefined);
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX-Service: ${name}\r\n\r\n`,
    );
    socket.write(String(incoming.headers['x-forwarded-for']));
    socket.pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  answers.add(server);
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const ask = (options: RequestOptions): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const sent = request(options, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (part: string) => (body += part));
      response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body }));
    });
    sent.on('error', reject).end();
  });

requireTool('nginx')('nginx before the services', () => {
  let nginx: NginxUnderTest;

  const get = (
    path: string,
    host = 'localhost',
    headers: Record<string, string> = {},
    method = 'GET',
  ): Promise<Answer> => ask({ port: nginx.port, path, method, headers: { host, ...headers } });

  beforeAll(async () => {
    nginx = await NginxUnderTest.start({
      TRACKER_UPSTREAM: await service('tracker'),
      PEERJS_UPSTREAM: await service('peerjs', 503),
      STUN_UPSTREAM: '127.0.0.1:9', // nobody listens on the discard port
      NGINX_CONNECTIONS_PER_ADDRESS_MAX: '5',
      NGINX_REQUESTS_PER_SECOND_MAX: '1000',
      NGINX_ANSWER_SECONDS_MAX: '1',
    });
    await mkdir(join(nginx.folder, 'data'), { recursive: true });
  });
  afterAll(async () => {
    await nginx.stop();
    for (const server of answers) {
      server.close();
      server.closeAllConnections();
    }
  });

  it.each([
    ['localhost', 'tracker'],
    ['tracker.localhost', 'tracker'],
    ['tracker.localhost:5001', 'tracker'],
    ['unheard.of', 'tracker'],
    ['peerjs.localhost', 'peerjs'],
  ])('hands requests for %s to %s', async (host, name) => {
    expect((await get('/some/page?x=1', host)).headers['x-service']).toBe(name);
  });

  it('says itself who the client is, and keeps the host that the client asked for', async () => {
    const { body } = await get('/', 'tracker.localhost:5001', {
      'x-forwarded-for': '6.6.6.6',
      'x-real-ip': '6.6.6.6',
      'x-forwarded-proto': 'https',
    });
    expect(JSON.parse(body).headers).toMatchObject({
      host: 'tracker.localhost:5001',
      'x-forwarded-for': '127.0.0.1',
      'x-real-ip': '127.0.0.1',
      'x-forwarded-proto': 'http',
    });
  });

  it.each(['/healthz', '/metrics'])('keeps %s inside', async (path) => {
    for (const host of ['localhost', 'peerjs.localhost']) {
      const { status, headers } = await get(path, host);
      expect([status, headers['x-service']]).toEqual([404, undefined]);
    }
  });

  it('answers for a service that is away in JSON, and says when to come back', async () => {
    const { status, headers, body } = await get('/ice-servers');
    expect(status).toBe(503);
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'retry-after': '5',
      'access-control-allow-origin': '*',
    });
    expect(JSON.parse(body)).toMatchObject({ error: 'unavailable' });
  });

  it("leaves a service's own 503 as it is", async () => {
    const { headers, body } = await get('/', 'peerjs.localhost');
    expect(headers['retry-after']).toBe('77');
    expect(JSON.parse(body)).toMatchObject({ name: 'peerjs' });
  });

  it.each([
    ['/relays.json', 'roster.json'],
    ['/.well-known/relay-swarm', 'descriptor.json'],
  ])('serves %s from the volume, and from the tracker while there is no file', async (path, file) => {
    expect((await get(path)).headers['x-service']).toBe('tracker');
    await writeFile(join(nginx.folder, 'data', file), '{"from":"file"}\n');
    const { headers, body } = await get(path);
    expect(JSON.parse(body)).toEqual({ from: 'file' });
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'access-control-allow-origin': '*',
      'access-control-expose-headers': expect.stringContaining('Date') as string,
      'cache-control': 'public, max-age=5',
      'x-content-type-options': 'nosniff',
    });
  });

  it.each(['/relays.json', '/.well-known/relay-swarm'])(
    'lets pages ask %s with headers of their own',
    async (path) => {
      const headers = { origin: 'https://a.test', 'access-control-request-headers': 'traceparent' };
      const answer = await get(
        path,
        'localhost',
        { ...headers, 'access-control-request-method': 'GET' },
        'OPTIONS',
      );
      expect([answer.status, answer.headers['access-control-allow-headers']]).toEqual([204, '*']);
    },
  );

  it.each(['/peerjs', '/peerjs/id'])("has PeerJS under the tracker's name too: %s", async (path) => {
    expect((await get(path)).headers['x-service']).toBe('peerjs');
  });

  /** The answer to a request that is written as it stands. */
  const raw = (text: string): Promise<string> =>
    new Promise((resolve) => {
      let answer = '';
      const socket = connect(nginx.port, '127.0.0.1', () => socket.write(text));
      socket.on('data', (part) => (answer += String(part))).on('error', () => undefined); // it is reset
      socket.on('close', () => resolve(answer));
    });

  it('answers HTTP/1.0 without a host, and a request in absolute form', async () => {
    expect(await raw('GET /stats HTTP/1.0\r\n\r\n')).toMatch(/ 200 [^]*"url":"\/stats"[^]*"host":"[a-z]/);
    expect(
      await raw('GET http://localhost/stats HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'),
    ).toMatch(/ 200 [^]*"url":"\/stats"/);
  });

  it('gives up on a request that is never whole', async () => {
    expect(await raw('GET /stats HTTP/1.1\r\nHost: loc')).toBe('');
  });

  it('gives up on a service that is frozen', async () => {
    expect((await get('/frozen')).status).toBe(503);
  });

  const upgrade = (path = '/?id=me&token=hunter2'): Promise<{ head: string; close: () => Promise<void> }> =>
    new Promise((resolve, reject) => {
      const socket = connect(nginx.port, '127.0.0.1').on('error', reject).setEncoding('utf8');
      socket.write(
        `GET ${path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n`,
      );
      let head = '';
      socket.on('data', (part: string) => {
        head += part;
        if (!head.includes('\r\n\r\n') || head.endsWith('\r\n\r\n')) return;
        resolve({
          head,
          close: () => new Promise((closed) => socket.once('close', () => closed()).destroy()),
        });
      });
    });

  it.each([
    ['/', 'tracker'],
    ['/announce', 'tracker'],
    ['/peerjs?id=me', 'peerjs'],
    ['/mesh', 'peerjs'],
  ])("leads a WebSocket on %s of the tracker's name to the %s", async (path, service) => {
    const { head, close } = await upgrade(path);
    await close();
    expect(head).toMatch(new RegExp(`^HTTP/1.1 101 [^]*\r\nX-Service: ${service}\r\n`));
  });

  it('proxies WebSockets, with the true address, up to the limit of one address', async () => {
    const open = [];
    for (let i = 0; i < 5; i += 1) open.push(await upgrade());
    expect(open[0]!.head).toMatch(/^HTTP\/1\.1 101 /);
    expect(open[0]!.head).toMatch(/127\.0\.0\.1$/);
    const refused = await upgrade();
    expect(refused.head).toMatch(/^HTTP\/1\.1 429 /);
    expect(refused.head).toMatch(/retry-after: 10/i);
    await Promise.all([...open, refused].map(({ close }) => close()));
  });

  it('logs JSON, and never a query string', async () => {
    const before = (await nginx.log(1)).length;
    await get('/peerjs?token=hunter2', 'peerjs.localhost', { referer: 'http://x/?token=hunter2' });
    const entries = await nginx.log(before + 1);
    expect(entries.at(-1)).toMatchObject({
      service: 'nginx',
      address: '127.0.0.0',
      host: 'peerjs.localhost',
      path: '/peerjs',
      status: 503,
    });
    expect(JSON.stringify(entries)).not.toContain('hunter2');
  });
});

requireTool('nginx')('nginx behind another proxy', () => {
  let nginx: NginxUnderTest;
  const from = (client: string, path = '/'): Promise<Answer> =>
    ask({
      port: nginx.port,
      path,
      headers: { host: 'localhost', 'x-forwarded-for': client },
      agent: false,
    });

  beforeAll(async () => {
    nginx = await NginxUnderTest.start({
      TRACKER_UPSTREAM: await service('tracker'),
      NGINX_TRUSTED_PROXIES: '127.0.0.1, 203.0.113.0/24',
      NGINX_FRONT_SCHEME: 'https',
      NGINX_REQUESTS_PER_SECOND_MAX: '1',
      NGINX_REQUESTS_BURST: '2',
    });
  });
  afterAll(async () => {
    await nginx.stop();
    for (const server of answers) server.close();
  });

  it('believes those that it is told to trust, up to the first that it is not', async () => {
    const { body } = await from('6.6.6.6, 198.51.100.7, 203.0.113.9');
    expect(JSON.parse(body).headers).toMatchObject({
      'x-forwarded-for': '198.51.100.7',
      'x-forwarded-proto': 'https',
    });
  });

  it('counts an IPv6 network of 64 bits as one client, and tells BitTorrent clients so that they understand', async () => {
    const path = '/announce?info_hash=x';
    for (let host = 1; host <= 3; host += 1)
      expect((await from(`2001:db8:1:2::${host}`, path)).body).toContain('tracker');
    const logged = (await nginx.log(1)).length;
    const refused = await from('2001:db8:1:2:ffff::4', path);
    expect([refused.status, refused.body]).toEqual([
      200,
      'd14:failure reason42:too many requests from this address, later8:retry ini1ee',
    ]);
    expect((await from('2001:db8:1:2:ffff::4')).status).toBe(429);
    const other = await from('2001:db8:1:3::1', path);
    expect(other.body).toContain('tracker');
    const metrics = await from('2001:db8:1:2:ffff::4', '/metrics');
    expect([metrics.status, metrics.headers['connection']]).toEqual([429, 'close']);
    const entries = await nginx.log(logged + 1);
    expect(entries.slice(logged)).toEqual([expect.objectContaining({ address: '2001:db8:1::' })]);
  });
});
