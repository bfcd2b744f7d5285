import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answerPreflight, corsHeaders, type CorsRule } from '../src/cors.ts';
import { createOriginCheck } from '../src/origins.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

async function ask(rule: CorsRule, method: string, headers: Record<string, string>): Promise<Response> {
  const server = createServer((request, response) => {
    const answer = corsHeaders(rule, request);
    if (answer === undefined) response.writeHead(403).end();
    else if (!answerPreflight(rule, request, response, answer)) response.writeHead(200, answer).end('{}');
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return fetch(`http://127.0.0.1:${port}/`, { method, headers });
}

const anybody: CorsRule = { methods: 'GET, HEAD, OPTIONS', exposed: 'Date' };
const listed: CorsRule = { ...anybody, origins: createOriginCheck(['https://a.example']) };

describe('corsHeaders()', () => {
  it('lets everybody read where there is no list', async () => {
    const { headers } = await ask(anybody, 'GET', { origin: 'https://b.example' });
    expect(headers.get('access-control-allow-origin')).toBe('*');
    expect(headers.get('access-control-expose-headers')).toBe('Date');
  });

  it('names the origin that is listed, and no cache hands it to another', async () => {
    const { headers } = await ask(listed, 'GET', { origin: 'https://a.example' });
    expect(headers.get('access-control-allow-origin')).toBe('https://a.example');
    expect(headers.get('vary')).toBe('Origin');
  });

  it('refuses origins that are not listed, and programs without one', async () => {
    expect((await ask(listed, 'GET', { origin: 'https://b.example' })).status).toBe(403);
    expect((await ask(listed, 'OPTIONS', { origin: 'https://b.example' })).status).toBe(403);
    expect((await ask(listed, 'GET', {})).status).toBe(403);
  });
});

describe('answerPreflight()', () => {
  it('allows the headers that the page adds', async () => {
    const { status, headers } = await ask(anybody, 'OPTIONS', {
      origin: 'https://b.example',
      'access-control-request-headers': 'traceparent, x-request-id',
    });
    expect(status).toBe(204);
    expect(headers.get('access-control-allow-headers')).toBe('traceparent, x-request-id');
    expect(headers.get('access-control-allow-methods')).toBe('GET, HEAD, OPTIONS');
    expect(headers.get('access-control-max-age')).toBe('3600');
  });

  it.each(['a;b', 'x'.repeat(2_000), '"a"'])('repeats nothing that is no name of a header', async (asked) => {
    const { status, headers } = await ask(anybody, 'OPTIONS', { 'access-control-request-headers': asked });
    expect(status).toBe(204);
    expect(headers.get('access-control-allow-headers')).toBeNull();
  });
});
