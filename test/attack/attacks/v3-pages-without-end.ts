// Every page and file of the tracker, again and again, on connections that stay open.
import type { Attack } from '../attack.ts';
import { crowd, RawSocket } from '../raw-socket.ts';

const paths = [
  '/stats',
  '/stats.json',
  '/metrics',
  '/relays.json',
  '/healthz',
  '/.well-known/relay-swarm',
  '/',
];
const requests = paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`).join('');

export const attack: Attack = {
  id: 'v3',
  title: 'HTTP requests for every page',
  service: 'tracker',
  run: ({ port }) =>
    crowd(async ({ address }) => {
      const socket = await RawSocket.connect(port, address);
      while (socket.isOpen) await socket.send(requests);
    }),
};
