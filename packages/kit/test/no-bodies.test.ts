import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { closeServer, listen } from '../src/operations.ts';

const BODY = 'x'.repeat(65_536);

it('answers who sends a body, and reads no more of it', async () => {
  const server = createServer((_request, response) => void response.end('no'));
  await listen(server, 'a test', { host: '127.0.0.1', port: 0, settingName: 'NONE' });
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1').on('error', () => undefined);
  let answer = '';
  socket.setEncoding('latin1').on('data', (text: string) => (answer += text));
  const pour = (): void => {
    while (socket.writable && socket.write(`10000\r\n${BODY}\r\n`));
  };
  socket.on('drain', pour);
  socket.write('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n');
  pour();
  await new Promise((resolve) => socket.once('close', resolve)); // the server ends it: it would go on for ever
  expect(answer).toMatch(/^HTTP\/1.1 200 .*connection: close/is);
  await closeServer(server);
});
