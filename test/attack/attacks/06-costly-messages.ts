// Messages of 64 KB that must be read the slow way: a key that is written with an escape, and thousands of values.
import { frame } from '../../../tracker/test/support/raw-client.ts';
import type { Attack } from '../attack.ts';
import { webSockets } from '../raw-socket.ts';

const ids = '"info_hash":"costly costly costly","peer_id":"costly costly costly"';

const attackOf = (id: string, title: string, message: string): Attack => {
  const bytes = frame(message);
  return {
    id,
    title,
    service: 'tracker',
    run: ({ port }) =>
      webSockets(port, async (socket) => {
        while (socket.isOpen) await socket.send(bytes);
      }),
  };
};

export const escapedKey: Attack = {
  ...attackOf(
    '6a',
    'messages of 64 KB with an escaped key',
    `{"\\u0061ction":"announce",${ids},"x":"${'y'.repeat(64_000)}"}`,
  ),
};
export const manyValues = attackOf(
  '6b',
  'messages of 20,000 values',
  `{"action":"announce",${ids},"x":[${'[],'.repeat(20_000)}0]}`,
);
export const noJson = attackOf('6c', 'messages of 64 KB that are no JSON', '['.repeat(64_000));
