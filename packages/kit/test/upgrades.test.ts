import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { onWebSocketUpgrade } from '../src/upgrades.ts';

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
