// The whole service over real sockets, in this process, with a clock that the tests move.
import type { ServiceHealth } from '@relay-swarm/protocol';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect as connectTcp } from 'node:net';
import { join } from 'node:path';
import { ClientSocket } from '../../src/client-socket.ts';
import { connect, disconnectAll, open, until } from '../support/client.ts';
import { get, metric, upgrade } from '../support/http.ts';
import { startService, type RunningService } from '../support/service.ts';

const running: RunningService[] = [];

async function start(env: Record<string, string> = {}): Promise<RunningService> {
  const service = await startService(env);
  running.push(service);
  return service;
}

afterEach(async () => {
  disconnectAll();
  for (const service of running.splice(0)) await service.stop();
});

describe('an Upgrade that is none of ours', () => {
  it('is as good as none, on every path and for every method', async () => {
    const { port, counters } = await start();
    const h2c = { upgrade: 'h2c', 'http2-settings': 'AAMAAABkAAQAAP__' };
    expect(await upgrade(port, '/peerjs/id', h2c)).toMatch(
      /^HTTP\/1.1 200 OK\r\n[^]*\r\n\r\n[^]*[0-9a-f-]{36}/,
    );
    expect(await upgrade(port, '/peerjs', h2c)).toMatch(/^HTTP\/1.1 404 /);
    expect(await upgrade(port, '/healthz', h2c)).toContain('"ok":true');
    expect(counters.refusedRequests.counts).toEqual({ not_found: 1 });
  });
});

describe('life', () => {
  it('pings who is silent and ends who does not answer', async () => {
    const service = await start();
    const [quick, dead] = [await open(service.port, 'quick'), await open(service.port, 'dead')];
    dead.socket.pause();
    let pings = 0;
    quick.socket.on('ping', () => pings++);
    for (let second = 0; second < 100; second += 5) {
      service.advance(5_000);
      service.signaling.sweep();
      await new Promise((resolve) => setTimeout(resolve, 20)); // for a ping and its answer to travel
    }
    await until('the end of the dead', () => service.signaling.clients === 1);
    expect(pings).toBeGreaterThan(0);
    await quick.settled();
    expect(quick.closeCode).toBeUndefined();
  });

  it('lets nobody new in where there is no memory left, and ends who leaves a message unfinished', async () => {
    const service = await start({ PEERJS_BUDGET_BYTES_MAX: '1000000' });
    const client = await open(service.port, 'client');
    service.memory.budget.reserve(950_000);
    const answer = await upgrade(service.port, '/peerjs?key=peerjs&id=new&token=t');
    expect(answer).toMatch(/^HTTP\/1.1 503 .*memory_full/s);
    service.memory.budget.reserve(-950_000);
    client.socket.send('{"type":', { fin: false });
    await until('the first piece', () => service.memory.unfinished === 1);
    service.memory.tick(performance.now() + 31_000);
    await until('the close', () => client.closeCode === 1008);
  });

  it('needs no ping where heartbeats come', async () => {
    const service = await start();
    const client = await open(service.port, 'client');
    let pings = 0;
    client.socket.on('ping', () => pings++);
    for (let i = 0; i < 30; i++) {
      service.advance(5_000);
      client.send('{"type":"HEARTBEAT"}');
      await until('the heartbeat', () => service.counters.heartbeats === i + 1);
      service.signaling.sweep();
    }
    await client.settled();
    expect([pings, client.closeCode]).toEqual([0, undefined]);
  });

  it('lets a client that a bug keeps from being written to end alone', async () => {
    const { port, counters } = await start();
    const [unlucky, other] = [await open(port, 'unlucky'), await open(port, 'other')];
    const flush = Object.getOwnPropertyDescriptor(ClientSocket.prototype, 'flush')!.value as (
      this: ClientSocket,
    ) => void;
    ClientSocket.prototype.flush = function (this: ClientSocket): void {
      if (this.id === 'unlucky') throw new Error('a bug');
      flush.call(this);
    };
    try {
      for (const dst of ['unlucky', 'other']) other.send({ type: 'OFFER', dst, payload: {} });
      expect(await unlucky.closed()).toBe(1006);
      expect((await other.receive('OFFER')).src).toBe('other');
    } finally {
      ClientSocket.prototype.flush = flush;
    }
    expect(counters.closed.counts).toEqual({ internal_error: 1 });
  });

  it('does not take for dead whom it does not read itself', async () => {
    const service = await start({ PEERJS_MESSAGES_PER_SECOND: '1', PEERJS_MESSAGES_BURST: '10' });
    const eager = await open(service.port, 'eager');
    for (let i = 0; i < 15; i++) eager.send({ type: 'HEARTBEAT' });
    await until('the rest', () => service.counters.rests > 0);
    service.advance(91_000);
    service.signaling.sweep();
    expect(service.counters.closed.counts).toEqual({});
  });

  it('tells who comes while it stops to come back later', async () => {
    const service = await startService();
    const client = await open(service.port, 'client');
    client.socket.pause(); // so that the stop has to wait
    const stopped = service.stop();
    // The last word in the health file comes first, so that nobody is sent here any more.
    while ((await get(service.port, '/healthz')).status !== 503);
    const answer = await upgrade(service.port, '/peerjs?id=a&token=t&key=peerjs');
    expect(answer).toMatch(/^HTTP\/1.1 503 .*retry-after: \d+/s);
    await stopped;
  });
});

describe('connections', () => {
  it('says 503 with Retry-After and JSON where the service is full', async () => {
    const { port } = await start({ PEERJS_CONNECTIONS_MAX: '1' });
    const first = await open(port, 'first');
    const answer = await upgrade(port, '/peerjs?id=a&token=t&key=peerjs');
    expect(answer).toMatch(/^HTTP\/1.1 503 Service Unavailable\r\n.*retry-after: \d+\r\n/s);
    expect(JSON.parse(answer.split('\r\n\r\n')[1]!)).toMatchObject({ error: 'connections_full' });
    expect(await (await get(port, '/healthz')).json()).toEqual({ ok: true, state: 'full' });
    first.socket.close();
    await first.closed();
    await until('room', () => running[0]!.signaling.clients === 0);
    await open(port, 'second');
  });

  it('does not keep the connection of a refused caller that never closes it', async () => {
    const { port, server } = await start();
    const socket = connectTcp({ port, host: '127.0.0.1', allowHalfOpen: true });
    socket
      .on('error', () => undefined)
      .write('GET /nowhere HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    try {
      await once(socket, 'data');
      await new Promise<void>((resolve) => server.http.close(() => resolve()));
    } finally {
      socket.destroy();
    }
  });

  it('says 429 to an address that asks too often, by HTTP and by upgrade', async () => {
    const { port } = await start({ PEERJS_REQUESTS_PER_SECOND: '1', PEERJS_REQUESTS_BURST: '2' });
    expect((await get(port, '/peerjs/id')).status).toBe(200);
    expect((await get(port, '/peerjs/id')).status).toBe(200);
    const refused = await get(port, '/peerjs/id');
    expect([refused.status, refused.headers.has('retry-after')]).toEqual([429, true]);
    expect(await upgrade(port, '/peerjs?id=a&token=t&key=peerjs')).toMatch(/^HTTP\/1.1 429 .*retry-after/s);
    expect((await get(port, '/healthz')).status).toBe(200); // an operator's tools are not limited
  });

  it('counts clients behind a trusted proxy by their own addresses, IPv6 by /64', async () => {
    const { port } = await start({
      PEERJS_TRUSTED_PROXIES: 'loopback',
      PEERJS_CONNECTIONS_PER_ADDRESS_MAX: '1',
    });
    const from = (address: string) => ({ headers: { 'x-forwarded-for': address } });
    await open(port, 'a', from('203.0.113.1'));
    await open(port, 'b', from('203.0.113.2'));
    await open(port, 'c', from('2001:db8::1'));
    for (const address of ['203.0.113.1', '2001:db8::2']) {
      const refused = connect(port, 'x', from(address));
      await refused.closed();
      expect(refused.refusedWith).toBe(429);
    }
  });

  it('believes no proxy that is not trusted', async () => {
    const { port } = await start({ PEERJS_CONNECTIONS_PER_ADDRESS_MAX: '1' });
    await open(port, 'a', { headers: { 'x-forwarded-for': '203.0.113.1' } });
    const refused = connect(port, 'b', { headers: { 'x-forwarded-for': '203.0.113.2' } });
    await refused.closed();
    expect(refused.refusedWith).toBe(429);
  });

  it.each([
    ['another path', '/other', {}, 404],
    ['no WebSocket key', '/peerjs?id=a&token=t&key=peerjs', { 'sec-websocket-key': '' }, 400],
    ['another version', '/peerjs?id=a&token=t&key=peerjs', { 'sec-websocket-version': '7' }, 426],
  ])('does not upgrade a request with %s, and does not count it', async (_case, path, headers, status) => {
    const { port } = await start({ PEERJS_CONNECTIONS_MAX: '1' });
    expect(await upgrade(port, path, headers)).toContain(`HTTP/1.1 ${status}`);
    expect(await metric(port, 'connections')).toBe(0);
    await open(port, 'client');
  });

  it('answers other methods than GET with 405, and allows pages to ask', async () => {
    const { port } = await start();
    const post = await fetch(`http://127.0.0.1:${port}/peerjs/id`, { method: 'POST' });
    expect(post.status).toBe(405);
    const answered = await get(port, '/peerjs/id', { origin: 'https://a.example' });
    expect(answered.headers.get('access-control-allow-origin')).toBe('*');
  });

  it('answers HEAD without a body, and what browsers ask before they ask', async () => {
    const { port } = await start();
    const url = `http://127.0.0.1:${port}/peerjs/id`;
    const head = await fetch(url, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
    const before = await fetch(url, {
      method: 'OPTIONS',
      headers: { origin: 'https://a.example', 'access-control-request-method': 'GET' },
    });
    expect([before.status, before.headers.get('access-control-allow-origin')]).toEqual([204, '*']);
    expect((await fetch(url.replace('peerjs', 'wrong'), { method: 'OPTIONS' })).status).toBe(401);
  });

  it('lets pages ask with headers that an agent of theirs has added', async () => {
    const { port } = await start({ PEERJS_ORIGINS: 'https://a.example' });
    const ask = (origin: string): Promise<Response> =>
      fetch(`http://127.0.0.1:${port}/peerjs/id`, {
        method: 'OPTIONS',
        headers: {
          origin,
          'access-control-request-method': 'GET',
          'access-control-request-headers': 'traceparent, x-request-id',
        },
      });
    const allowed = await ask('https://a.example');
    expect([allowed.status, allowed.headers.get('access-control-allow-headers')]).toEqual([
      204,
      'traceparent, x-request-id',
    ]);
    expect(allowed.headers.get('access-control-allow-origin')).toBe('https://a.example');
    expect((await ask('https://b.example')).status).toBe(403);
  });

  it('gives only listed origins leave to read the HTTP API', async () => {
    const { port } = await start({ PEERJS_ORIGINS: 'https://a.example' });
    const allowed = async (origin: string): Promise<string | null> =>
      (await get(port, '/peerjs/id', { origin })).headers.get('access-control-allow-origin');
    expect(await allowed('https://a.example')).toBe('https://a.example');
    expect(await allowed('https://b.example')).toBeNull();
  });
});

describe('what an operator sees', () => {
  it('is a health snapshot in the shared volume', async () => {
    const { dataDir } = await start();
    const file = join(dataDir, 'health/peerjs.json');
    const snapshot = JSON.parse(await readFile(file, 'utf8')) as ServiceHealth;
    expect(snapshot).toMatchObject({
      service: 'peerjs',
      state: 'serving',
      gauges: { connections: 0, connectionsMax: 20_000 },
    });
  });

  it('is metrics that count what was refused, with nothing of a client in them', async () => {
    const { port } = await start();
    const client = await open(port, 'secretname');
    client.send('not json');
    client.send({ type: 'SECRETTYPE' });
    await client.settled();
    const text = await (await get(port, '/metrics')).text();
    expect(text).toContain('peerjs_frames_refused_total{reason="not_json"} 1');
    expect(text).toContain('peerjs_frames_refused_total{reason="unknown_type"} 1');
    expect(text).toContain('peerjs_clients 1');
    expect(text).not.toMatch(/secret/i);
  });
});
