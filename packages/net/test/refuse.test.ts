import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PassThrough } from 'node:stream';
import { rejectUpgrade, sendRefusal } from '../src/refuse.ts';

describe('sendRefusal()', () => {
  it('answers with the catalogue’s status, code, sentence and time, and what it was given beside', async () => {
    const server = createServer((_request, response) =>
      sendRefusal(response, 'connections_full', {
        random: 0.5,
        headers: { 'x-more': '1' },
        more: { relays: [], error: 'not this one' },
      }),
    ).listen(0, '127.0.0.1');
    try {
      await new Promise((resolve) => server.once('listening', resolve));
      const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
      expect([response.status, response.headers.get('retry-after'), response.headers.get('x-more')]).toEqual([
        503,
        '23',
        '1',
      ]);
      expect(await response.json()).toEqual({
        error: 'connections_full',
        message: 'This relay is full: use another one',
        relays: [],
      });
    } finally {
      server.close();
    }
  });
});

describe('rejectUpgrade()', () => {
  it('answers an upgrade the same way', () => {
    const socket = new PassThrough();
    rejectUpgrade(socket, 'draining', { more: { relays: ['é'] }, message: 'Soon back' });
    const [head = '', body = ''] = (socket.read() as Buffer).toString().split('\r\n\r\n');
    socket.destroy();
    expect(head).toMatch(/^HTTP\/1\.1 503 Service Unavailable\r\n/);
    expect(head).toMatch(/\r\nretry-after: 5(\r\n|$)/);
    expect(head).toMatch(new RegExp(`\r\nContent-Length: ${Buffer.byteLength(body)}\r\n`));
    expect(JSON.parse(body)).toEqual({ error: 'draining', message: 'Soon back', relays: ['é'] });
  });
});
