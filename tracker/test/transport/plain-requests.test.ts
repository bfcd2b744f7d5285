// Announces over HTTP and handshakes are served on two ways: without Node's request objects where they are plain, and with them otherwise. Both say the same.
import { connect } from 'node:net';
import { startTracker, type RunningTracker } from '../support/tracker.ts';

let tracker: RunningTracker;
beforeEach(async () => void (tracker = await startTracker()));
afterEach(() => tracker.stop());

/** What comes back until the connection ends. */
const ask = (text: string): Promise<string> =>
  new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(tracker.port, '127.0.0.1', () => socket.write(text));
    socket.on('data', (data) => (answer += data.toString('latin1')));
    socket.on('close', () => resolve(answer)).on('error', reject);
  });
const request = (path: string, ...headers: string[]): string =>
  `${[`GET ${path} HTTP/1.1`, 'Host: a', ...headers].join('\r\n')}\r\n\r\n`;
/** A header twice is left to Node. */
const UNUSUAL = ['X-Twice: 1', 'X-Twice: 2'];
const parts = (answer: string): { status: string; headers: string[]; body: string } => {
  const [head = '', body = ''] = answer.split('\r\n\r\n');
  const [status = '', ...headers] = head.split('\r\n');
  const told = headers.map((header) => header.toLowerCase().replace(/^(date: \w{3}, ).*/, '$1'));
  return { status, headers: told.toSorted(), body };
};
const id = (name: string): string => name.padEnd(20, '-');
const announce = `/announce?info_hash=${id('one')}&peer_id=${id('peer')}&port=6881&left=1`;

it.each([
  ['an announce', announce],
  ['an announce of the old form', `${announce}&compact=0`],
  ['a scrape', `/scrape?info_hash=${id('one')}`],
  ['an announce that cannot be read', '/announce?info_hash=short'],
])('answers %s the same on both ways', async (_what, path) => {
  const plain = parts(await ask(request(path, 'Connection: close')));
  expect(plain).toEqual(parts(await ask(request(path, 'Connection: close', ...UNUSUAL))));
  expect(plain.status).toBe('HTTP/1.1 200 OK');
});

it('answers one request after another, until the client wants no more', async () => {
  const answer = await new Promise<string>((resolve, reject) => {
    let text = '';
    const socket = connect(tracker.port, '127.0.0.1', () => socket.write(request(announce)));
    socket.on('close', () => resolve(text)).on('error', reject);
    socket.on('data', (data) => {
      text += data.toString('latin1');
      const answers = text.split('HTTP/1.1 200 OK').length - 1;
      // The second one goes to Node, which then has the connection.
      if (answers < 3) socket.write(request(announce, ...(answers === 1 ? UNUSUAL : ['Connection: close'])));
    });
  });
  expect(answer.match(/d8:completei0e/g)).toHaveLength(3);
});

it('leaves two requests at once to Node', async () => {
  const answer = await ask(request(announce) + request(announce, 'Connection: close'));
  expect(answer.match(/d8:completei0e/g)).toHaveLength(2);
});

const handshake = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'];
it.each([
  ['a key that is none', [...handshake, 'Sec-WebSocket-Key: short']],
  ['no key', handshake],
  [
    'another version',
    [...handshake.slice(0, 2), 'Sec-WebSocket-Version: 7', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='],
  ],
])('refuses a handshake with %s in the same words on both ways', async (_what, headers) => {
  const plain = parts(await ask(request('/', ...headers)));
  expect(plain).toEqual(parts(await ask(request('/', ...headers, ...UNUSUAL))));
  expect(plain.status).toMatch(/^HTTP\/1.1 4\d\d /);
});
