// Credentials without end.
import type { Attack } from '../attack.ts';
import { crowd, RawSocket } from '../raw-socket.ts';

const requests = 'GET /ice-servers HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(20);

export const attack: Attack = {
  id: 'v9',
  title: '/ice-servers without end',
  service: 'stun',
  run: ({ httpPort }) =>
    crowd(async ({ address }) => {
      const socket = await RawSocket.connect(httpPort, address);
      while (socket.isOpen) await socket.send(requests);
    }),
};
