import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { FirstLook } from '../src/first-look.ts';

let server: Server;
let look: FirstLook;
const faults: (string | undefined)[] = [];
const behinds: string[] = [];
let isLate = false;
let asked = 0;

beforeEach(async () => {
  server = createServer({ maxHeaderSize: 1_000 }, (request, response) => {
    let body = '';
    request.on('data', (part: Buffer) => (body += part.toString()));
    request.on('end', () => response.end(`node ${request.method} ${request.url} ${body}`));
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    faults.push(error.code);
    socket.destroy();
  });
  look = new FirstLook(server, {
    take: (head, socket, behind) => {
      if (!head.url.startsWith('/plain')) return false;
      behinds.push(behind.toString());
      socket.write(`plain ${head.url};`);
      if (head.url === '/plain-last') socket.end();
      else look.watch(socket);
      return true;
    },
    headBytesMax: 1_000,
    waitMsMax: 5_000,
    mustWait: () => {
      asked++;
      return isLate;
    },
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  faults.length = behinds.length = 0;
  isLate = false;
  look.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
const open = (): Promise<{ socket: Socket; said: () => string }> =>
  new Promise((resolve) => {
    let text = '';
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1', () =>
      resolve({ socket, said: () => text }),
    );
    socket.on('data', (data) => (text += data.toString())).on('error', () => undefined);
  });
const heard = async ({ socket, said }: Awaited<ReturnType<typeof open>>, words: string): Promise<void> => {
  while (!said().includes(words)) await new Promise((resolve) => socket.once('data', resolve));
};
const closed = (socket: Socket): Promise<void> =>
  new Promise((resolve) => socket.once('close', () => resolve()));

it('takes one plain request after another, and what came behind', async () => {
  const client = await open();
  client.socket.write(get('/plain-1'));
  await heard(client, 'plain /plain-1;');
  client.socket.write(`${get('/plain-last')}more`);
  await closed(client.socket);
  expect(client.said()).toBe('plain /plain-1;plain /plain-last;');
  expect(behinds).toEqual(['', 'more']);
});

it('ends whoever comes once it is closed, for nobody waits for it any more', async () => {
  look.close();
  const { socket } = await open();
  await closed(socket);
});

it('looks in a later turn where it must wait, and is not asked twice', async () => {
  isLate = true;
  asked = 0;
  const client = await open();
  client.socket.write(`${get('/plain-last')}more`);
  await closed(client.socket);
  expect([client.said(), behinds, asked]).toEqual(['plain /plain-last;', ['more'], 1]);
});

it.each([
  ['in one piece', ['POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody']],
  [
    'in pieces',
    ['POS', 'T /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-', 'Length: 4\r\n\r\nbo', 'dy'],
  ],
])('hands every other request to Node as it came, %s', async (_how, pieces) => {
  const client = await open();
  for (const piece of pieces) {
    client.socket.write(piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await closed(client.socket);
  expect(client.said()).toMatch(/^HTTP\/1.1 200 OK\r\n[^]*node POST \/a body$/);
});

it('leaves a connection to Node for good, requests behind each other too', async () => {
  const client = await open();
  client.socket.write(get('/one') + get('/two'));
  await heard(client, 'node GET /two');
  client.socket.write(get('/plain-not'));
  await heard(client, 'node GET /plain-not');
  expect(behinds).toEqual([]);
});

it('tells of those who say nothing for too long, also after an answer', async () => {
  const [silent, spoke] = [await open(), await open()];
  spoke.socket.write(get('/plain-1'));
  await heard(spoke, ';');
  while (look.waiting < 2) await new Promise((resolve) => setImmediate(resolve));
  look.tick(performance.now() + 4_000);
  expect(faults).toEqual([]);
  look.tick(performance.now() + 5_500);
  await Promise.all([silent, spoke].map(({ socket }) => closed(socket)));
  expect(faults).toEqual(['ERR_HTTP_REQUEST_TIMEOUT', 'ERR_HTTP_REQUEST_TIMEOUT']);
});

it('forgets those who close or break off before they asked', async () => {
  const [ends, breaks] = [await open(), await open()];
  while (look.waiting < 2) await new Promise((resolve) => setImmediate(resolve));
  ends.socket.end();
  breaks.socket.resetAndDestroy();
  await closed(ends.socket);
  while (look.waiting > 0) {
    await new Promise((resolve) => setImmediate(resolve));
    look.tick(performance.now());
  }
});

it('ends those who wait when it closes', async () => {
  const client = await open();
  while (look.waiting < 1) await new Promise((resolve) => setImmediate(resolve));
  look.close();
  await closed(client.socket);
  expect(look.waiting).toBe(0);
});
