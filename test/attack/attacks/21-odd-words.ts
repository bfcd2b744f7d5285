// Actions and events that hold quotes and control characters: each is told what is wrong with it, and nobody pays for another's.
import { frame } from '../../../tracker/test/support/raw-client.ts';
import type { Attack } from '../attack.ts';
import { webSockets } from '../raw-socket.ts';

const WORDS = ['ann"ounce', 'announce\u0000', '\n', '\\', '"', '\u2028', 'x'.repeat(1_000)];
const messages = Buffer.concat(
  WORDS.flatMap((word) => [
    frame(JSON.stringify({ action: word, info_hash: 'h'.repeat(20), peer_id: 'p'.repeat(20) })),
    frame(
      JSON.stringify({ action: 'announce', event: word, info_hash: 'h'.repeat(20), peer_id: 'p'.repeat(20) }),
    ),
  ]),
);

export const attack: Attack = {
  id: '21',
  title: 'actions and events with quotes and control characters',
  service: 'tracker',
  run: ({ port }, tell) =>
    webSockets(port, async (socket) => {
      socket.onData = (bytes) => {
        if (bytes.toString('latin1').includes('must be one JSON object'))
          tell.breach('a message was taken for no JSON');
      };
      while (socket.isOpen) await socket.send(messages);
    }),
};
