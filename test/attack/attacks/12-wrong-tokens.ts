// Strangers ask for the ids of honest PeerJS clients, with tokens that are not theirs.
import type { Attack } from '../attack.ts';
import { honestId, peerjsPath } from '../honest/peerjs.ts';
import { webSockets } from '../raw-socket.ts';

export const attack: Attack = {
  id: '12',
  title: 'ids of honest clients with wrong tokens',
  service: 'peerjs',
  isShort: true,
  run: ({ port }, tell) =>
    webSockets(
      port,
      async (socket) => {
        socket.onData = (bytes) => {
          if (/"type":"(OPEN|OFFER|ANSWER)"/.test(bytes.toString('latin1')))
            tell.breach('a stranger was taken for the holder of an id');
        };
        await Promise.race([socket.closed, new Promise((resolve) => setTimeout(resolve, 500))]);
      },
      {
        path: (index) => peerjsPath(honestId(index % 2 === 0 ? 'alice' : 'bob', index % 4), `wrong${index}`),
      },
    ),
};
