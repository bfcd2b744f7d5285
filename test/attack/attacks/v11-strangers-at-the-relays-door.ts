// The path on which relays meet, without being one: pongs, fragments and halves of messages, on as many connections as are let in.
import { frame, OPCODE } from '../../../tracker/test/support/raw-client.ts';
import type { Attack } from '../attack.ts';
import { webSockets } from '../raw-socket.ts';

const PONG = 10;
const pongs = Buffer.concat(Array.from({ length: 460 }, () => frame('x'.repeat(125), { opcode: PONG })));
const kinds = [
  pongs,
  Buffer.concat([frame('{', { opcode: OPCODE.text, isLast: false }), pongs]),
  frame('x'.repeat(30_000)),
  frame(
    JSON.stringify({
      action: 'hello',
      id: 'a'.repeat(64),
      nonce: 'b'.repeat(64),
      swarm: 'x',
      url: 'wss://x',
    }),
  ),
];

export const attack: Attack = {
  id: 'v11',
  title: 'strangers on the path of the relays',
  service: 'tracker',
  run: ({ port }) =>
    webSockets(
      port,
      async (socket, index) => {
        const bytes = kinds[index % kinds.length]!;
        while (socket.isOpen) await socket.send(bytes);
      },
      { path: () => '/relay' },
    ),
};
