// Messages of 60 KB to honest PeerJS clients, who cannot refuse them, and to ids that nobody has, which are kept for a while.
import { frame } from '../../../tracker/test/support/raw-client.ts';
import type { Attack } from '../attack.ts';
import { honestId, peerjsPath } from '../honest/peerjs.ts';
import { webSockets } from '../raw-socket.ts';

const SDP = 'x'.repeat(60_000);

const attackOf = (id: string, title: string, to: (index: number, sent: number) => string): Attack => ({
  id,
  title,
  service: 'peerjs',
  run: ({ port }) =>
    webSockets(
      port,
      async (socket, index) => {
        for (let sent = 0; socket.isOpen; sent++)
          await socket.send(
            frame(JSON.stringify({ type: 'OFFER', dst: to(index, sent), payload: { sdp: SDP } })),
          );
      },
      { path: (index) => peerjsPath(`attacker${index}`) },
    ),
});

export const toHonestPeers = attackOf('v5a', 'messages of 60 KB to honest clients', (index) =>
  honestId(index % 2 === 0 ? 'alice' : 'bob', index % 4),
);
export const toNobody = attackOf(
  'v5b',
  'messages of 60 KB to ids that nobody has',
  (index, sent) => `nobody${index}x${sent}`,
);
