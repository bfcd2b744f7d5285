import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { answerClientError } from '../src/client-error.ts';
import { FirstLook } from '../src/first-look.ts';

let server: Server;
let look: FirstLook;
beforeEach(async () => {
  server = createServer({ maxHeaderSize: 1_000 });
  server.on('clientError', answerClientError);
  look = new FirstLook(server, { take: () => false, headBytesMax: 1_000, waitMsMax: 5_000 });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  look.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** What is answered until the connection has ended; this end keeps its own half open. */
const answerTo = (text: string): Promise<string> =>
  new Promise((resolve) => {
    let said = '';
    const { port } = server.address() as AddressInfo;
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true }, () => {
      socket.write(text);
    });
    socket.on('data', (data) => (said += data.toString()));
    socket.on('error', () => undefined);
    socket.on('end', () => resolve(said));
  });

it.each([
  ['no HTTP\r\n\r\n', '400 Bad Request'],
  [`GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(2_000)}\r\n\r\n`, '431 Request Header Fields Too Large'],
])('says what is wrong, and ends the connection', async (text, status) => {
  const ended = new Promise((resolve) =>
    server.once('connection', (socket) => socket.once('close', resolve)),
  );
  expect(await answerTo(text)).toBe(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`);
  await ended;
});

it('says nothing within a response that has begun', async () => {
  server.on('request', (_request, response) => {
    response.writeHead(200, { 'content-length': '100' });
    response.write('begun');
  });
  const { port } = server.address() as AddressInfo;
  let said = '';
  const socket = connect(port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n'));
  socket.on('data', (data) => {
    if (said === '') socket.write('no HTTP\r\n\r\n');
    said += data.toString();
  });
  socket.on('error', () => undefined);
  await new Promise((resolve) => socket.on('close', resolve));
  expect(said).toMatch(/^HTTP\/1.1 200 OK\r\n[^]*\r\n\r\nbegun$/);
});

it('tells one that says nothing that its time is over', async () => {
  const ended = new Promise((resolve) => {
    server.once('connection', (socket) => {
      socket.once('close', resolve);
      setImmediate(() => look.tick(performance.now() + 6_000));
    });
  });
  expect(await answerTo('')).toBe('HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n');
  await ended;
});
