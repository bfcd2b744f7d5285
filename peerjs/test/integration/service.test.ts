// The whole service over real sockets, in this process, with a clock that the tests move.
import type { ServiceHealth } from '@relay-swarm/protocol';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect as connectTcp } from 'node:net';
import { join } from 'node:path';
import { signToken } from '../../src/identity.ts';
import { ClientSocket } from '../../src/socket.ts';
import { connect, disconnectAll, open, TestClient, until } from '../support/client.ts';
import { startService, type RunningService } from '../support/service.ts';

const running: RunningService[] = [];

async function start(env: Record<string, string> = {}): Promise<RunningService> {
  const service = await startService(env);
  running.push(service);
  return service;
}

const get = (port: number, path: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`http://127.0.0.1:${port}${path}`, { headers });

async function metric(port: number, name: string): Promise<number> {
  const text = await (await get(port, '/metrics')).text();
  const line = text.split('\n').find((one) => one.startsWith(`peerjs_${name} `));
  return line === undefined ? 0 : Number(line.split(' ').at(-1));
}

/** An upgrade request whose answer is read as it stands. */
function upgrade(
  port: number,
  path: string,
  headers: Record<string, string> = {},
  more: Buffer = Buffer.alloc(0),
): Promise<string> {
  return new Promise((resolve, reject) => {
    const all = {
      host: 'localhost',
      upgrade: 'websocket',
      connection: 'Upgrade',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
      ...headers,
    };
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
    let answer = '';
    const socket = connectTcp(port, '127.0.0.1', () => {
      socket.write(`GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`);
      socket.write(more);
    });
    socket.setTimeout(3_000, () => socket.destroy(new Error('Cannot wait longer for an answer')));
    socket.on('data', (data) => (answer += data.toString()));
    socket.on('close', () => resolve(answer));
    socket.on('error', reject);
  });
}

afterEach(async () => {
  disconnectAll();
  for (const service of running.splice(0)) await service.stop();
});

describe('relaying', () => {
  it('passes every kind of message on in order, with the true sender', async () => {
    const { port } = await start();
    const [alice, bob] = [await open(port, 'alice'), await open(port, 'bob')];
    for (const type of ['OFFER', 'CANDIDATE', 'ANSWER', 'LEAVE']) {
      alice.send({ type, dst: 'bob', src: 'mallory', payload: { text: 'grüße' }, extra: 1 });
    }
    await bob.receive('LEAVE');
    expect(bob.messages.slice(1)).toEqual(
      ['OFFER', 'CANDIDATE', 'ANSWER', 'LEAVE'].map((type) => ({
        type,
        src: 'alice',
        dst: 'bob',
        payload: { text: 'grüße' },
      })),
    );
  });

  it('keeps what comes early for a peer that comes late, and tells the sender when nobody came', async () => {
    const { port } = await start({ PEERJS_EXPIRE_SECONDS: '1' });
    const alice = await open(port, 'alice');
    alice.send({ type: 'OFFER', dst: 'late', payload: 1 });
    await alice.settled();
    const late = await open(port, 'late');
    expect(await late.receive('OFFER')).toMatchObject({ src: 'alice' });
    alice.send({ type: 'OFFER', dst: 'never', payload: 1 });
    expect(await alice.receive('EXPIRE')).toEqual({ type: 'EXPIRE', src: 'never', dst: 'alice' });
  });

  it('tells at once that an offer to a full queue cannot be delivered', async () => {
    const { port } = await start({ PEERJS_QUEUED_PER_PEER_MAX: '1' });
    const alice = await open(port, 'alice');
    alice.send({ type: 'OFFER', dst: 'absent', payload: 1 });
    alice.send({ type: 'CANDIDATE', dst: 'absent', payload: 1 });
    await alice.settled();
    expect(alice.of('EXPIRE')).toEqual([]);
    alice.send({ type: 'OFFER', dst: 'absent', payload: 2 });
    expect(await alice.receive('EXPIRE')).toMatchObject({ src: 'absent' });
  });

  it('keeps messages again for a peer that came and left', async () => {
    const { port } = await start({ PEERJS_QUEUED_PER_PEER_MAX: '1' });
    const alice = await open(port, 'alice');
    for (let i = 0; i < 3; i++) {
      alice.send({ type: 'OFFER', dst: 'late', payload: i });
      await alice.settled();
      const late = await open(port, 'late');
      expect(await late.receive('OFFER')).toMatchObject({ payload: i });
      late.socket.close();
      await late.closed();
    }
    expect(alice.of('EXPIRE')).toEqual([]);
  });

  it('slows an eager client down without losing anything', async () => {
    const { port } = await start({ PEERJS_MESSAGES_PER_SECOND: '200', PEERJS_MESSAGES_BURST: '100' });
    const [alice, bob] = [await open(port, 'alice'), await open(port, 'bob')];
    const startedMs = performance.now();
    for (let i = 0; i < 150; i++) alice.send({ type: 'CANDIDATE', dst: 'bob', payload: i });
    await alice.settled();
    alice.send({ type: 'ANSWER', dst: 'bob' });
    await bob.receive('ANSWER');
    expect(performance.now() - startedMs).toBeGreaterThan(200);
    expect(bob.of('CANDIDATE').map(({ payload }) => payload)).toEqual(
      Array.from({ length: 150 }, (_, i) => i),
    );
    expect(await metric(port, 'rests_total')).toBeGreaterThan(0);
  });

  it('counts the messages of one address together', async () => {
    const { port } = await start({
      PEERJS_MESSAGES_PER_ADDRESS_PER_SECOND: '100',
      PEERJS_MESSAGES_PER_ADDRESS_BURST: '20',
    });
    const clients = await Promise.all(['a', 'b', 'c', 'd'].map((id) => open(port, id)));
    for (let i = 0; i < 10; i++) for (const client of clients) client.send({ type: 'HEARTBEAT' });
    await Promise.all(clients.map((client) => client.settled()));
    expect(await metric(port, 'rests_total')).toBeGreaterThan(0);
  });

  it('makes pings cost as much as messages', async () => {
    const { port } = await start({ PEERJS_MESSAGES_PER_SECOND: '10', PEERJS_MESSAGES_BURST: '50' });
    const flooder = await open(port, 'flooder');
    for (let i = 0; i < 1_000; i++) flooder.socket.ping('x'.repeat(100));
    expect(await flooder.closed()).toBe(1008);
  });

  it('closes a client that only makes faults', async () => {
    const { port } = await start({ PEERJS_FAULTS_MAX: '5' });
    const broken = await open(port, 'broken');
    for (let i = 0; i < 5; i++) broken.send('not json');
    await broken.settled();
    expect(broken.closeCode).toBeUndefined();
    broken.socket.send(Buffer.from('{"type":"HEARTBEAT"}'), { binary: true });
    expect(await broken.closed()).toBe(1008);
  });

  it('tells the senders when a client does not read, and lets it be', async () => {
    const { port } = await start({
      PEERJS_FRAME_BYTES_MAX: '8192',
      PEERJS_SEND_BUFFER_BYTES_MAX: '65536',
      PEERJS_MESSAGES_BURST: '100000',
      PEERJS_MESSAGES_PER_ADDRESS_BURST: '100000',
    });
    const [sender, reader] = [await open(port, 'sender'), await open(port, 'reader')];
    reader.socket.pause();
    const payload = 'x'.repeat(8_000);
    for (let i = 0; i < 4_000; i++) sender.send({ type: 'OFFER', dst: 'reader', payload });
    expect(await sender.receive('EXPIRE')).toMatchObject({ src: 'reader' });
    await sender.settled();
    expect(sender.of('EXPIRE').length).toBeGreaterThan(100);
    reader.socket.resume();
    await reader.settled();
    sender.send({ type: 'ANSWER', dst: 'reader' });
    await reader.receive('ANSWER');
    expect([sender.closeCode, reader.closeCode]).toEqual([undefined, undefined]);
  });
});

describe('ids', () => {
  it('says ID-TAKEN to another token, and lets the holder be', async () => {
    const { port } = await start();
    const alice = await open(port, 'alice');
    const thief = connect(port, { id: 'alice', token: 'other' });
    expect(await thief.receive('ID-TAKEN')).toMatchObject({ payload: { msg: 'ID is taken' } });
    await thief.closed();
    await alice.settled();
    expect(alice.closeCode).toBeUndefined();
  });

  it('keeps the id of a silent holder for the idle limit, and no longer', async () => {
    const service = await start();
    const gone = await open(service.port, 'alice');
    gone.socket.pause(); // answers nothing any more
    service.advance(60_000);
    service.signaling.sweep();
    await connect(service.port, { id: 'alice', token: 'other' }).receive('ID-TAKEN');
    service.advance(31_000);
    service.signaling.sweep();
    await open(service.port, { id: 'alice', token: 'other' });
  });

  it.each([
    ['a key that is not ours', { id: 'a', key: 'wrong' }, 'Invalid key provided'],
    ['no id', { id: '' }, 'No id, token, or key supplied to websocket server'],
    ['no token', { id: 'a', token: '' }, 'No id, token, or key supplied to websocket server'],
    ['a token of other characters', { id: 'a', token: 'tökén' }, 'Invalid token provided'],
  ])('refuses %s in words that the PeerJS client shows', async (_case, who, msg) => {
    const { port } = await start();
    const client = connect(port, who);
    expect(await client.receive('ERROR')).toEqual({ type: 'ERROR', payload: { msg } });
    await client.closed();
  });

  it('is not harmed by bytes that follow from a client that was turned away', async () => {
    const { port } = await start();
    const bystander = await open(port, 'bystander');
    const answer = upgrade(port, '/peerjs?id=..&token=t&key=peerjs', {}, Buffer.alloc(64, 0xff));
    expect(await answer).toContain('Invalid id provided');
    await bystander.settled();
    expect(running[0]!.counters.socketErrors.counts).toEqual({}); // they are not even parsed
  });

  it('takes ids with blanks, which travel encoded', async () => {
    const { port } = await start();
    const [two, other] = [await open(port, 'two words'), await open(port, 'other')];
    other.send({ type: 'OFFER', dst: 'two words' });
    expect(await two.receive('OFFER')).toMatchObject({ dst: 'two words' });
  });

  it('makes up free ids over HTTP', async () => {
    const { port } = await start();
    const id = await (await get(port, '/peerjs/id')).text();
    await open(port, id);
  });

  it('lists the connected ids only where discovery is on', async () => {
    const on = await start({ PEERJS_DISCOVERY: 'true' });
    await open(on.port, 'alice');
    expect(await (await get(on.port, '/peerjs/peers')).json()).toEqual(['alice']);
    const off = await start();
    expect((await get(off.port, '/peerjs/peers')).status).toBe(401);
  });

  it('has its own path and key where the operator says so', async () => {
    const { port } = await start({ PEERJS_PATH: '/app/', PEERJS_KEY: 'mine' });
    expect((await get(port, '/app/mine/id')).status).toBe(200);
    expect(await upgrade(port, '/peerjs?id=a&token=t&key=mine')).toContain('404');
    await new TestClient(`ws://127.0.0.1:${port}/app/peerjs?id=a&token=t&key=mine`).receive('OPEN');
  });
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

describe('signed tokens', () => {
  const secret = 'ab'.repeat(16);
  const soon = (): number => Math.floor(Date.now() / 1000) + 60;

  it('let their owner in, and nobody else', async () => {
    const { port } = await start({ PEERJS_AUTH_SECRET: secret });
    await open(port, { id: 'alice', token: signToken(secret, 'alice', soon()) });
    const bob = connect(port, { id: 'bob', token: signToken(secret, 'alice', soon()) });
    expect(await bob.receive('ERROR')).toMatchObject({ payload: { msg: 'Invalid token provided' } });
  });

  it('let their owner come back with a newer one, which replaces the socket', async () => {
    const { port } = await start({ PEERJS_AUTH_SECRET: secret });
    const first = await open(port, { id: 'alice', token: signToken(secret, 'alice', soon()) });
    await open(port, { id: 'alice', token: signToken(secret, 'alice', soon() + 1) });
    expect(await first.closed()).toBe(4000);
  });

  it('expire for who opens, not for who is connected', async () => {
    const service = await start({ PEERJS_AUTH_SECRET: secret });
    const token = signToken(secret, 'alice', soon());
    const alice = await open(service.port, { id: 'alice', token });
    service.advance(61_000);
    await alice.settled();
    await connect(service.port, { id: 'alice', token }).receive('ERROR');
    expect(alice.closeCode).toBeUndefined();
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

  it('lets no wrong token shorten the life of who holds the id, were it asleep', async () => {
    const service = await start();
    const asleep = await open(service.port, { id: 'alice', token: 'right' });
    asleep.socket.pause(); // a laptop that is closed for a minute
    for (let second = 0; second < 60; second += 5) {
      service.advance(5_000);
      await connect(service.port, { id: 'alice', token: `wrong${second}` }).receive('ID-TAKEN');
      service.signaling.sweep();
    }
    expect(service.counters.closed.counts['idle']).toBeUndefined();
    asleep.socket.resume();
    await asleep.settled();
    expect(asleep.closeCode).toBeUndefined();
    await open(service.port, { id: 'alice', token: 'right' }); // its owner has it at once
    expect(service.counters.replaced).toBe(1);
  });

  it('lets nobody new in where there is no memory left, and ends who leaves a message unfinished', async () => {
    const service = await start({ PEERJS_BUDGET_BYTES_MAX: '1000000' });
    const client = await open(service.port, 'client');
    service.memory.budget.reserve(950_000);
    const answer = await upgrade(service.port, '/peerjs?key=peerjs&id=new&token=t');
    expect(answer).toMatch(/^HTTP\/1.1 503 .*memory_full/s);
    service.memory.budget.reserve(-950_000);
    client.socket.send('{"type":', { fin: false });
    await until('the first piece', () => service.memory.intake.unfinished === 1);
    service.advance(31_000);
    service.memory.intake.tick();
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

  it('still knows the client that came back when its old socket is closed', async () => {
    const service = await start();
    const first = await open(service.port, 'returning');
    const back = await open(service.port, 'returning');
    await first.closed();
    await back.settled();
    expect(service.signaling.clients).toBe(1);
    back.socket.pause();
    service.advance(91_000);
    service.signaling.sweep();
    await until('the end of who is silent', () => service.signaling.clients === 0);
  });

  it('cuts, when it stops, those who were turned away and stay', async () => {
    const service = await start();
    const refused = upgrade(service.port, '/peerjs?id=..&token=t&key=peerjs'); // never answers a close
    await until('the refusal', () => service.counters.closed.counts['bad_id'] === 1);
    expect(await metric(service.port, 'connections')).toBe(1);
    await service.signaling.stop();
    let turns = 0; // ws itself would wait for 5 seconds
    while ((await metric(service.port, 'connections')) > 0 && turns < 50) turns++;
    expect(turns).toBeLessThan(50);
    expect(await refused).toContain('Invalid id provided');
  });

  it('leaves nothing behind when it stops', async () => {
    const service = await startService();
    const client = await open(service.port, 'client');
    expect(service.server.http.listening).toBe(true);
    await service.stop();
    expect(await client.closed()).toBe(1012);
    client.socket.terminate();
    // `peer` sets its timers again for ever, by these delays.
    const original = globalThis.setTimeout;
    const delaysMs: unknown[] = [];
    globalThis.setTimeout = ((callback: () => void, delayMs?: number) => {
      delaysMs.push(delayMs);
      return original(callback, delayMs);
    }) as typeof setTimeout;
    await new Promise((resolve) => original(resolve, 1_200));
    globalThis.setTimeout = original;
    expect(delaysMs.filter((delayMs) => delayMs === 300 || delayMs === 1_000)).toEqual([]);
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
    ['another version', '/peerjs?id=a&token=t&key=peerjs', { 'sec-websocket-version': '7' }, 400],
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
      gauges: { connections: 0, connectionsMax: 20_000, clients: 0, load: 0, draining: 0 },
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
