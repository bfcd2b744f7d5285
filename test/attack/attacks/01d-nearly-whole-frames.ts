// 64 KB but for the last byte, on every connection, and then nothing.
import { frame } from '../../../tracker/test/support/raw-client.ts';
import type { Attack, ServiceName } from '../attack.ts';
import { webSockets } from '../raw-socket.ts';

const bytes = frame('x'.repeat(65_000)).subarray(0, -1);

const attackOn = (id: string, service: ServiceName, path: (index: number) => string): Attack => ({
  id,
  title: 'frames of 64 KB that lack a byte, and silence',
  service,
  run: ({ port }) =>
    webSockets(
      port,
      async (socket) => {
        await socket.send(bytes);
        await socket.closed;
      },
      { path, count: 2_000 },
    ),
});

export const onTracker = attackOn('1d', 'tracker', () => '/');
export const onPeerjs = attackOn(
  '1e',
  'peerjs',
  (index) => `/peerjs?key=peerjs&id=attacker${index}&token=token&version=1.5.5`,
);
export const onGun = attackOn('1f', 'gun', () => '/gun');
