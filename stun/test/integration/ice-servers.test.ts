// GET /ice-servers over a real HTTP socket.
import { createAddressReader } from '@relay-swarm/net';
import { createServer, request as httpRequest, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { passwordOf } from '../../src/auth/credential.ts';
import { createIceServers, type IceServersOptions } from '../../src/ice-servers/handler.ts';

const secret = 'ab'.repeat(32);
const nowMs = 1_700_000_000_000;
const urls = [
  'stun:turn.example.org:3478',
  'turn:turn.example.org:3478?transport=udp',
  'turns:turn.example.org:5349?transport=tcp',
];
let server: Server | undefined;
afterEach(() => new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined))));

async function serve(
  options: Partial<IceServersOptions> = {},
): Promise<{ url: string; ice: ReturnType<typeof createIceServers> }> {
  const ice = createIceServers({
    origins: [],
    requestsPerMinuteMax: 5,
    addressesMax: 100,
    ttlSeconds: 3_600,
    urls: () => urls,
    secret: () => secret,
    isDraining: () => false,
    readAddress: createAddressReader(['loopback']),
    wallClockMs: () => nowMs,
    makeName: () => 'name',
    ...options,
  });
  server = createServer((request, response) => {
    if (!ice.handle(request, response)) response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/ice-servers`, ice };
}

describe('GET /ice-servers', () => {
  it('answers an RTCConfiguration whose password follows from the secret', async () => {
    const { url } = await serve();
    const response = await fetch(`${url}?any=thing`);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    expect(await response.json()).toEqual({
      iceServers: [
        { urls: [urls[0]] },
        {
          urls: urls.slice(1),
          username: '1700003600:name',
          credential: passwordOf('1700003600:name', secret),
        },
      ],
      ttlSeconds: 3_600,
      expiresAt: '2023-11-14T23:13:20.000Z',
    });
  });

  it('never shows the secret', async () => {
    const { url } = await serve();
    const response = await fetch(url);
    expect((await response.text()) + JSON.stringify([...response.headers])).not.toContain(secret);
  });

  it('takes a new secret with the next answer', async () => {
    let current = secret;
    const { url } = await serve({ secret: () => current });
    const credential = async (): Promise<string> =>
      (await (await fetch(url)).json()).iceServers[1].credential;
    const before = await credential();
    current = 'cd'.repeat(32);
    expect(await credential()).not.toBe(before);
  });

  it('answers HEAD without a body and a preflight without a credential', async () => {
    const { url, ice } = await serve();
    const head = await fetch(url, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
    const preflight = await fetch(url, {
      method: 'OPTIONS',
      headers: { origin: 'https://example.org', 'access-control-request-method': 'GET' },
    });
    expect([preflight.status, await preflight.text()]).toEqual([204, '']);
    expect(preflight.headers.get('access-control-allow-methods')).toBe('GET, HEAD, OPTIONS');
    expect(ice.counts.answered).toBe(1);
  });

  it('lets pages add headers of their own, as tracing agents do', async () => {
    const { url } = await serve();
    const preflight = await fetch(url, {
      method: 'OPTIONS',
      headers: {
        origin: 'https://example.org',
        'access-control-request-method': 'GET',
        'access-control-request-headers': 'traceparent,x-any-thing',
      },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-headers')).toBe('traceparent,x-any-thing');
  });

  it.each([
    ['an app', 'capacitor://localhost', 200],
    ['a page of nobody', 'null', 403],
    ['a program', undefined, 403],
  ])('goes by the list for %s, as every service does', async (_who, origin, status) => {
    const { url } = await serve({ origins: ['capacitor://localhost', 'https://example.org'] });
    const headers: Record<string, string> = origin === undefined ? {} : { origin };
    expect((await fetch(url, { headers })).status).toBe(status);
    // A page of our own host names no origin; its browser says whose it is.
    if (origin === undefined)
      expect((await fetch(url, { headers: { 'sec-fetch-site': 'same-origin' } })).status).toBe(200);
  });

  it('refuses other methods', async () => {
    const { url } = await serve();
    const response = await fetch(url, { method: 'POST', body: '{}' });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD, OPTIONS']);
    expect(await response.json()).toEqual({ error: 'method', message: expect.any(String) });
  });

  it('sends clients elsewhere while the server drains', async () => {
    const { url, ice } = await serve({ isDraining: () => true });
    const response = await fetch(url);
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '60']);
    expect(await response.json()).toEqual({ error: 'draining', message: expect.any(String) });
    expect(ice.counts).toMatchObject({ answered: 0, draining: 1 });
  });

  it('leaves other paths alone', async () => {
    const { url } = await serve();
    for (const path of ['/', '/ice-servers/', '/ICE-SERVERS', '/metrics']) {
      expect((await fetch(new URL(path, url))).status).toBe(404);
    }
  });

  it('answers listed pages only, and tells caches that it depends', async () => {
    const { url, ice } = await serve({ origins: ['https://example.org'] });
    const ask = (origin: string) => fetch(url, { headers: { origin } });
    const good = await ask('https://example.org');
    expect([good.status, good.headers.get('access-control-allow-origin'), good.headers.get('vary')]).toEqual([
      200,
      'https://example.org',
      'Origin',
    ]);
    const bad = await ask('https://evil.test');
    expect([bad.status, bad.headers.get('access-control-allow-origin'), bad.headers.get('vary')]).toEqual([
      403,
      null,
      'Origin',
    ]);
    expect(await bad.json()).toEqual({ error: 'origin', message: expect.any(String) });
    expect(ice.counts).toMatchObject({ answered: 1, originRefused: 1 });
  });

  it('refuses an address that asks too often, and says when to come back', async () => {
    const { url, ice } = await serve();
    for (let i = 0; i < 5; i++) expect((await fetch(url)).status).toBe(200);
    const response = await fetch(url);
    expect([response.status, response.headers.get('retry-after')]).toEqual([429, '12']);
    expect(response.headers.get('access-control-expose-headers')).toBe('Retry-After');
    expect(await response.json()).toEqual({
      error: 'address_rate',
      message: expect.stringContaining('12 s'),
    });
    expect(ice.counts.tooMany).toBe(1);
  });

  it('counts the address that a trusted proxy names, and a /64 as one', async () => {
    const { url } = await serve({ requestsPerMinuteMax: 1 });
    const ask = async (address: string) =>
      (await fetch(url, { headers: { 'x-forwarded-for': address } })).status;
    expect(await ask('203.0.113.1')).toBe(200);
    expect(await ask('203.0.113.1')).toBe(429);
    expect(await ask('6.6.6.6, 203.0.113.1')).toBe(429);
    expect(await ask('203.0.113.2')).toBe(200);
    expect(await ask('2001:db8::1')).toBe(200);
    expect(await ask('2001:db8::ffff')).toBe(429);
  });

  it('believes no X-Forwarded-For of a stranger', async () => {
    const { url } = await serve({ requestsPerMinuteMax: 1, readAddress: createAddressReader([]) });
    const ask = async (address: string) =>
      (await fetch(url, { headers: { 'x-forwarded-for': address } })).status;
    expect(await ask('203.0.113.1')).toBe(200);
    expect(await ask('203.0.113.2')).toBe(429);
  });

  it('survives a request line that is no URL', async () => {
    const { url } = await serve();
    const { port } = new URL(url);
    for (const path of ['//', '/%', 'http://[', '*']) {
      const status = await new Promise((resolve, reject) =>
        httpRequest({ port, host: '127.0.0.1', path }, (response) => resolve(response.resume().statusCode))
          .on('error', reject)
          .end(),
      );
      expect(status).toBe(404);
    }
  });
});
