// Whoever is told to close goes on sending large messages: they must not be parsed any more.
import { frame } from '../../../tracker/test/support/raw-client.ts';
import type { Attack } from '../attack.ts';
import { webSockets } from '../raw-socket.ts';

const values = `{"type":"OFFER","dst":"nobody","payload":[${'[],'.repeat(20_000)}0]}`;
const many = Buffer.concat(Array.from({ length: 10 }, () => frame(values)));

export const attack: Attack = {
  id: '5c',
  title: 'large messages before and after the close',
  service: 'peerjs',
  run: ({ port }) =>
    webSockets(
      port,
      async (socket) => {
        while (socket.isOpen) await socket.send(many);
      },
      { path: (index) => `/peerjs?key=peerjs&id=attacker${index}&token=token&version=1.5.5` },
    ),
};
