import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { PassThrough } from 'node:stream';
import { onWebSocketUpgrade, refuseUpgrade } from '../src/upgrade.ts';

describe('onWebSocketUpgrade()', () => {
  let server: Server;
  const upgraded: string[] = [];
  beforeAll(async () => {
    server = createServer((request, response) =>
      response.end(
        request.url === '/large' ? Buffer.alloc(20_000_000) : `plain ${request.method} ${request.url}`,
      ),
    );
    onWebSocketUpgrade(server, (request, socket) => {
      upgraded.push(request.headers.upgrade!);
      socket.end('HTTP/1.1 101 Switching Protocols\r\n\r\n');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  /** What comes back until the connection is closed. */
  const ask = (upgrade: string, method = 'GET', more = ''): Promise<string> =>
    new Promise((resolve, reject) => {
      let answer = '';
      const socket = connect((server.address() as AddressInfo).port, '127.0.0.1', () =>
        socket.write(
          `${method} /here HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: ${upgrade}\r\n\r\n${more}`,
        ),
      );
      socket.setTimeout(5_000, () =>
        socket.destroy(new Error('Cannot wait longer for the end of the answer')),
      );
      socket.on('data', (data) => (answer += data.toString()));
      socket.on('close', () => resolve(answer)).on('error', reject);
    });

  it.each(['websocket', 'WebSocket', 'h2c, websocket'])('hands %s on', async (upgrade) => {
    expect(await ask(upgrade)).toMatch(/^HTTP\/1.1 101 /);
    expect(upgraded.splice(0)).toEqual([upgrade]);
  });

  it.each([
    ['h2c', 'GET', ''],
    ['TLS/1.0', 'POST', 'a body that nobody reads'],
    ['websockets', 'HEAD', ''],
  ])('answers a request for "%s" (%s) as any other, and closes', async (upgrade, method, more) => {
    const answer = await ask(upgrade, method, more);
    expect(answer).toMatch(/^HTTP\/1.1 200 OK\r\n/);
    expect(answer.toLowerCase()).toContain('connection: close\r\n');
    expect(answer.endsWith(`plain ${method} /here`)).toBe(method !== 'HEAD');
    expect(upgraded).toEqual([]);
  });

  it('outlives a request that comes behind another one, which alone is answered', async () => {
    const answer = await new Promise<string>((resolve, reject) => {
      let answer = '';
      const socket = connect((server.address() as AddressInfo).port, '127.0.0.1', () =>
        socket.write(
          'GET /first HTTP/1.1\r\nHost: a\r\n\r\nGET /second HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n',
        ),
      );
      socket.on('data', (data) => (answer += data.toString()));
      socket.on('close', () => resolve(answer)).on('error', reject);
    });
    expect(answer).toContain('plain GET /first');
    expect(answer).not.toContain('/second');
    expect(await ask('h2c')).toContain('plain GET /here');
  });

  it('outlives a client that is gone before it has read its answer', async () => {
    const gone = new Promise<void>((resolve) =>
      server.once('connection', (socket) => socket.once('close', () => resolve())),
    );
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1', () =>
      socket.write('GET /large HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n'),
    );
    socket.once('data', () => socket.resetAndDestroy());
    await gone;
    expect(await ask('h2c')).toContain('plain GET /here');
  });
});

describe('refuseUpgrade()', () => {
  it('says why in JSON, with the headers given', () => {
    const socket = new PassThrough();
    refuseUpgrade(socket, 429, { error: 'zu viele, é' }, { 'Retry-After': 30 });
    const [head = '', body = ''] = (socket.read() as Buffer).toString().split('\r\n\r\n');
    socket.destroy();
    expect(head.split('\r\n')).toEqual([
      'HTTP/1.1 429 Too Many Requests',
      'Content-Type: application/json; charset=utf-8',
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Connection: close',
      'Retry-After: 30',
    ]);
    expect(JSON.parse(body)).toEqual({ error: 'zu viele, é' });
  });

  it('keeps no socket for a client that does not read', async () => {
    const socket = new PassThrough({ highWaterMark: 16 });
    refuseUpgrade(socket, 503, { error: 'x'.repeat(1_000) }, {}, 20);
    await new Promise((resolve) => socket.once('close', resolve));
    expect(socket.destroyed).toBe(true);
  });

  it('keeps no connection of a client that never closes its half', async () => {
    const server = createServer();
    onWebSocketUpgrade(server, (_request, socket) => refuseUpgrade(socket, 503, { error: 'full' }, {}, 20));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const client = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    client.on('error', () => undefined);
    client.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    await new Promise((resolve) => client.once('data', resolve));
    await new Promise((resolve) => server.close(resolve));
    client.destroy();
  });
});
