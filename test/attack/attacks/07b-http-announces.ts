// Announces over plain HTTP, each for a torrent of its own, on connections that stay open.
import type { Attack } from '../attack.ts';
import { crowd, RawSocket } from '../raw-socket.ts';

let made = 0;
function requests(): string {
  return Array.from({ length: 20 }, () => {
    const id = `h${made++}`.padEnd(20, '_');
    return `GET /announce?info_hash=${id}&peer_id=${id}&port=6881&uploaded=0&downloaded=0&left=1&compact=1 HTTP/1.1\r\nHost: localhost\r\n\r\n`;
  }).join('');
}

export const attack: Attack = {
  id: '7b',
  title: 'HTTP announces without end',
  service: 'tracker',
  run: ({ port }) =>
    crowd(async ({ address }) => {
      const socket = await RawSocket.connect(port, address);
      while (socket.isOpen) await socket.send(requests());
    }),
};
