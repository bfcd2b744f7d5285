// One frame of 262 KB that counts as 131,001 messages: everybody else waited 25 seconds for the debt of one.
import { frame } from '../../../tracker/test/support/raw-client.ts';
import type { Attack } from '../attack.ts';
import { webSockets } from '../raw-socket.ts';

const zeros = frame(`[${'0,'.repeat(131_000)}0]`);

export const attack: Attack = {
  id: '3',
  title: 'frames of 131,001 messages',
  service: 'gun',
  run: ({ port }) =>
    webSockets(
      port,
      async (socket) => {
        while (socket.isOpen) await socket.send(zeros);
      },
      { path: () => '/gun' },
    ),
};
