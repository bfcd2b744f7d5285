// Held to Node's own parser: what that refuses is never plain, and what is plain means the same to both.
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { connect, Socket, type AddressInfo } from 'node:net';
import fc from 'fast-check';
import { asksForWebSocket, readPlainHead } from '../src/request-head.ts';

const HEAD_BYTES_MAX = 2_000;
const read = (text: string) =>
  readPlainHead(Buffer.from(text, 'latin1'), HEAD_BYTES_MAX, new Socket()) ?? undefined;
const plain = 'GET /a?b=%20c HTTP/1.1\r\nHost: localhost\r\nX-Some-Thing: \t a  b \t\r\nEmpty:\r\n\r\n';

let server: Server;
let seen: IncomingMessage | undefined;
beforeAll(async () => {
  server = createServer({ maxHeaderSize: HEAD_BYTES_MAX }, (request, response) => {
    seen = request;
    response.end();
  });
  server.on('upgrade', (request: IncomingMessage, socket) => {
    seen = request;
    socket.end('HTTP/1.1 101 Switching Protocols\r\n\r\n');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

/** What Node makes of it; undefined where it refuses, or waits for more. */
async function readByNode(text: string): Promise<IncomingMessage | undefined> {
  seen = undefined;
  await new Promise<void>((resolve) => {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1', () =>
      socket.end(Buffer.from(text, 'latin1')),
    );
    socket.on('close', () => resolve()).on('error', () => undefined);
    socket.resume();
  });
  return seen;
}

it('reads a plain request', () => {
  const head = read(`${plain}behind`)!;
  expect(head).toMatchObject({ method: 'GET', url: '/a?b=%20c', bytes: plain.length });
  expect({ ...head.headers }).toEqual({ host: 'localhost', 'x-some-thing': 'a  b', empty: '' });
});

it.each([
  ['not whole', plain.slice(0, -1)],
  ['another method', plain.replace('GET', 'POST')],
  ['HTTP/1.0', plain.replace('1.1', '1.0')],
  ['a whole URL', plain.replace('/a', 'http://localhost/a')],
  ['a blank in the URL', plain.replace('/a', '/a /a')],
  ['no Host', plain.replace('Host', 'Hosts')],
  ['an empty Host', plain.replace('localhost', '')],
  ['a header twice', plain.replace('Empty', 'HOST')],
  ['a blank before the colon', plain.replace('Host:', 'Host :')],
  ['a folded line', plain.replace('Empty:', ' more:')],
  ['a line without a colon', plain.replace('Empty:', 'Empty')],
  ['no name', plain.replace('Empty:', ':')],
  ['a bare line feed', plain.replace('a  b', 'a\nb')],
  ['a bare carriage return', plain.replace('a  b', 'a\rb')],
  ['a zero byte', plain.replace('a  b', 'a\0b')],
  ['more than ASCII', plain.replace('a  b', '\xe9')],
  ['a body', plain.replace('Empty:', 'Content-Length: 5')],
  ['a body in chunks', plain.replace('Empty:', 'Transfer-Encoding: chunked')],
  ['an expectation', plain.replace('Empty:', 'Expect: 100-continue')],
  ['more than there may be', plain.replace('a  b', 'x'.repeat(HEAD_BYTES_MAX))],
])('leaves to Node: %s', (_what, text) => {
  expect(text).not.toBe(plain);
  expect(read(text)).toBeUndefined();
});

it('means what Node means, whatever comes', async () => {
  const piece = fc.constantFrom(
    ...[
      ...'GET / HTTP/1.1,Host: a,Upgrade: websocket,Connection: upgrade'.split(','),
      'GET /?',
      'x: y',
      'Host:',
    ],
    ...[
      '\r\n',
      '\r\n\r\n',
      '\n',
      '\r',
      ' ',
      '\t',
      ':',
      '\0',
      '\xff',
      'Content-Length: 3',
      'é',
      'GET http://a/ HTTP/1.1',
    ],
  );
  const line = fc.array(piece, { maxLength: 3 }).map((pieces) => pieces.join(''));
  const usual = fc.constantFrom(
    'GET / HTTP/1.1',
    'GET /?a=b HTTP/1.1',
    'GET /\x7f HTTP/1.1',
    'GET  / HTTP/1.1',
  );
  const text = fc
    .tuple(
      fc.oneof(usual, line),
      fc.constantFrom('Host: a', 'host:a'),
      fc.array(fc.oneof(fc.constantFrom('a: b', 'c:', 'd:  e '), line), { maxLength: 3 }),
    )
    .map(([first, host, lines]) => `${[first, host, ...lines].join('\r\n')}\r\n\r\n`);
  let taken = 0;
  await fc.assert(
    fc.asyncProperty(text, async (sent) => {
      const head = read(sent);
      if (head === undefined) return;
      taken++;
      const request = await readByNode(sent.slice(0, head.bytes));
      expect(request).toMatchObject({ method: 'GET', url: head.url, httpVersion: '1.1' });
      expect({ ...head.headers }).toEqual({ ...request!.headers });
    }),
    { numRuns: 400 },
  );
  expect(taken).toBeGreaterThan(20);
});

describe('asksForWebSocket()', () => {
  const ask = (upgrade: string, connection: string): boolean =>
    asksForWebSocket(read(plain.replace('Empty:', `Upgrade: ${upgrade}\r\nConnection: ${connection}`))!);
  it.each([
    ['websocket', 'Upgrade', true],
    ['WebSocket', 'keep-alive, Upgrade', true],
    ['h2c, websocket', 'upgrade', false],
    ['websocket', 'close, upgrade', false],
    ['websocket', 'keep-alive', false],
  ])('Upgrade: %s, Connection: %s: %s', (upgrade, connection, expected) =>
    expect(ask(upgrade, connection)).toBe(expected),
  );
});
