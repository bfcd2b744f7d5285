// Strangers announce the ids of honest peers in their swarms: they must get no offer that was meant for them, and keep nobody out.
import { frame } from '../../../tracker/test/support/raw-client.ts';
import type { Attack } from '../attack.ts';
import { honestHash, honestPeerId } from '../honest/tracker.ts';
import { pause, webSockets } from '../raw-socket.ts';

export const attack: Attack = {
  id: '11',
  title: 'strangers claim the ids of honest peers',
  service: 'tracker',
  run: ({ port }, tell) =>
    webSockets(port, async (socket, index) => {
      const pair = index % 4;
      const claim = {
        action: 'announce',
        info_hash: honestHash(pair),
        peer_id: honestPeerId(index % 8 < 4 ? 'answering' : 'asking', pair),
        left: 1,
      };
      socket.onData = (bytes) => {
        if (/"(offer|answer)"\s*:\s*\{/.test(bytes.toString('latin1')))
          tell.breach('a stranger was handed what was meant for an honest peer');
      };
      while (socket.isOpen) {
        await socket.send(frame(JSON.stringify(claim)));
        await pause(200);
      }
    }),
};
