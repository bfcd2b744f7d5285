// A frame of 64 KB that never ends, in TCP pieces of one byte: each piece is an object to whoever reads it.
import { frame } from '../../../tracker/test/support/raw-client.ts';
import type { Attack } from '../attack.ts';
import { webSockets } from '../raw-socket.ts';

const bytes = frame('x'.repeat(65_000));

export const attack: Attack = {
  id: '1c',
  title: 'an unfinished frame in pieces of one byte',
  service: 'tracker',
  run: ({ port }) =>
    webSockets(port, async (socket) => {
      for (let at = 0; at < bytes.length - 1 && socket.isOpen; at++)
        await socket.send(bytes.subarray(at, at + 1));
    }),
};
