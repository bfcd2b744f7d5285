// A swarm and a peer for every message, from five addresses, while somebody asks for the statistics all the time.
import { frame } from '../../../tracker/test/support/raw-client.ts';
import { ATTACKERS, type Attack } from '../attack.ts';
import { pause, webSockets } from '../raw-socket.ts';

let made = 0;
function announces(): Buffer {
  return Buffer.concat(
    Array.from({ length: 100 }, () => {
      const infoHash = `s${made++}`.padEnd(20);
      return frame(JSON.stringify({ action: 'announce', info_hash: infoHash, peer_id: infoHash, left: 1 }));
    }),
  );
}

export const attack: Attack = {
  id: '7a',
  title: 'new swarms as fast as they are taken, and /stats.json without end',
  service: 'tracker',
  run: async ({ port }) => {
    const asking = async (): Promise<never> => {
      for (;;) {
        await fetch(`http://127.0.0.1:${port}/stats.json`).then(
          (response) => response.text(),
          () => undefined,
        );
        await pause(10);
      }
    };
    await Promise.all([
      asking(),
      asking(),
      webSockets(
        port,
        async (socket) => {
          while (socket.isOpen) await socket.send(announces());
        },
        { count: 80 * ATTACKERS.length },
      ),
    ]);
  },
};
