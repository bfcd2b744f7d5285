// What is for operators, asked for through nginx in all spellings, with headers that say that an insider asks.
import type { Attack } from '../attack.ts';
import { crowd, RawSocket } from '../raw-socket.ts';

const PATHS = [
  '/metrics',
  '/healthz',
  '//metrics',
  '/./metrics',
  '/%6detrics',
  '/metrics/',
  '/metrics?a',
  '/x/../metrics',
];
const FORGED = ['127.0.0.1', '::1', '10.213.77.2', '172.17.0.1'];
const requests = PATHS.flatMap((path) =>
  FORGED.map(
    (address) =>
      `GET ${path} HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: ${address}\r\nX-Real-IP: ${address}\r\n\r\n`,
  ),
);

export const attack: Attack = {
  id: '19',
  title: 'metrics and health through nginx, with forged headers',
  service: 'tracker',
  isBehindNginx: true,
  run: ({ port }, tell) =>
    crowd(async ({ address }) => {
      const socket = await RawSocket.connect(port, address);
      socket.onData = (bytes) => {
        if (/tracker_connections|process_resident/.test(bytes.toString('latin1')))
          tell.breach('metrics were told to a stranger');
      };
      for (const request of requests) await socket.send(request);
      socket.socket.end();
      await socket.closed;
    }, 100),
};
