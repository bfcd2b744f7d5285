// Requests without credentials over UDP, which could come from a forged address: how much larger is what comes back?
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { encode } from '../../../stun/test/contracts/stun-message.ts';
import { ATTACKERS, CONNECTIONS, type Attack } from '../attack.ts';
import { pause } from '../raw-socket.ts';

const REQUESTS_AT_ONCE = 20;

const attackOf = (id: string, method: 'allocate' | 'binding', factorMax: number): Attack => ({
  id,
  title: `${method} requests of 20 bytes without credentials`,
  service: 'stun',
  run: async ({ port }, tell) => {
    const request = encode({ method });
    let [sentBytes, receivedBytes] = [0, 0];
    const one = async (index: number): Promise<never> => {
      const socket = createSocket('udp4').on('message', (bytes) => (receivedBytes += bytes.length));
      socket.bind(0, ATTACKERS[index % ATTACKERS.length]);
      await once(socket, 'listening');
      for (;;) {
        for (let count = 0; count < REQUESTS_AT_ONCE; count++) {
          socket.send(request, port, '127.0.0.1');
          sentBytes += request.length;
        }
        await pause(10);
      }
    };
    const watch = setInterval(() => {
      if (receivedBytes > factorMax * sentBytes)
        tell.breach(`answers are ${(receivedBytes / sentBytes).toFixed(2)} times as large as requests`);
    }, 500);
    await Promise.all(Array.from({ length: CONNECTIONS }, (_, index) => one(index)));
    clearInterval(watch);
  },
});

export const allocate = attackOf('22a', 'allocate', 1);
export const binding = attackOf('22b', 'binding', 3);
