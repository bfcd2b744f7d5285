// The socket of the UDP tracker.
import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { explainListenError, type Log, type Part } from '@relay-swarm/kit';
import type { UdpTracker } from './udp-tracker.ts';

export interface UdpServerOptions {
  readonly host: string;
  readonly port: number;
  readonly tracker: UdpTracker;
  readonly now: () => number;
  readonly log: Log;
}

export interface UdpServer extends Part {
  /** The port it listens on, where the setting was 0. */
  readonly port: number;
}

export function createUdpServer({ host, port, tracker, now, log }: UdpServerOptions): UdpServer {
  let socket: Socket | undefined;
  return {
    name: 'udp-tracker',
    get port() {
      return socket?.address().port ?? port;
    },
    start: () =>
      new Promise((resolve, reject) => {
        // On "::" one socket takes both families; IPv4 addresses then come as ::ffff:a.b.c.d.
        const opened = createSocket({ type: isIPv6(host) ? 'udp6' : 'udp4' });
        socket = opened;
        opened.once('error', (error) =>
          reject(explainListenError(error, 'the UDP tracker', port, 'TRACKER_UDP_PORT')),
        );
        opened.on('message', (packet, from) => {
          const address = from.address.startsWith('::ffff:') ? from.address.slice(7) : from.address;
          const response = tracker.handle(packet, address, from.port, now());
          // A datagram that cannot be sent is like one that got lost: the client asks again.
          if (response !== undefined) opened.send(response, from.port, from.address, () => undefined);
        });
        opened.bind({ address: host, port }, () => {
          opened.removeAllListeners('error');
          opened.on('error', (error) => log.warn('UDP socket error', { error }));
          log.info('listening for UDP announces', { host, port: opened.address().port });
          resolve();
        });
      }),
    stop: () =>
      new Promise((resolve) => {
        if (socket === undefined) resolve();
        else socket.close(() => resolve());
      }),
  };
}
