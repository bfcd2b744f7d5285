// They ask for much and read nothing: what they do not read must be held by somebody.
import { frame } from '../../../tracker/test/support/raw-client.ts';
import type { Attack } from '../attack.ts';
import { webSockets } from '../raw-socket.ts';

const hashes = Array.from({ length: 50 }, (_, index) => String(index).padStart(20));
const scrapes = Buffer.concat(
  Array.from({ length: 50 }, () => frame(JSON.stringify({ action: 'scrape', info_hash: hashes }))),
);

export const attack: Attack = {
  id: 'v2',
  title: 'scrapes without end from clients that do not read',
  service: 'tracker',
  run: ({ port }) =>
    webSockets(port, async (socket) => {
      socket.socket.pause();
      while (socket.isOpen) await socket.send(scrapes);
    }),
};
