// The sockets of the UDP tracker: one for each of this machine's addresses, so that an answer leaves from the address that was asked.
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { explainListenError, type Log, type Part } from '@relay-swarm/kit';
import { AddressListeners, type AddressListener } from '@relay-swarm/net/own-addresses';
import type { UdpTracker } from './udp-tracker.ts';

export interface UdpServerOptions {
  /** 0.0.0.0: every IPv4 address of this machine; ::, every address. */
  readonly host: string;
  readonly port: number;
  /** Asked of the kernel, which may give less (net.core.rmem_max). */
  readonly receiveBufferBytes: number;
  readonly tracker: UdpTracker;
  /** The machine's addresses; those of its interfaces unless a test says others. */
  readonly own?: () => readonly string[];
  readonly monotonicMs: () => number;
  readonly log: Log;
}

export interface UdpServer extends Part {
  /** The port it listens on, where the setting was 0. */
  readonly port: number;
}

export function createUdpServer(options: UdpServerOptions): UdpServer {
  const { host, port, tracker, own, monotonicMs, log } = options;
  const listeners = new AddressListeners<AddressListener>({
    hosts: host === '::' ? ['0.0.0.0', '::'] : [host],
    port,
    open: (address, at) => open(options, address, at),
    ...(own === undefined ? {} : { own }),
    monotonicMs: monotonicMs,
    onFault: (address, error) => log.warn('cannot listen for UDP announces', { address, error }),
    onChange: (change) => log.info('UDP announces: own addresses have changed', { ...change }),
  });
  return {
    name: 'udp-tracker',
    get port() {
      return listeners.all[0]?.port ?? port;
    },
    start: async () => {
      await listeners.start().catch((error: unknown) => {
        throw explainListenError(error as NodeJS.ErrnoException, 'the UDP tracker', port, 'TRACKER_UDP_PORT');
      });
      log.info('listening for UDP announces', {
        host,
        port: listeners.all[0]?.port,
        sockets: listeners.all.length,
      });
    },
    stop: () => listeners.stop(),
  };

  function open(
    { receiveBufferBytes }: UdpServerOptions,
    address: string,
    at: number,
  ): Promise<AddressListener> {
    return new Promise((resolve, reject) => {
      const isV6 = isIPv6(address);
      const socket = createSocket({
        type: isV6 ? 'udp6' : 'udp4',
        ipv6Only: isV6,
        lookup: isV6 ? takeAsIPv6 : takeAsIPv4,
      });
      socket.once('error', reject);
      socket.on('message', (packet, from) => {
        const answer = tracker.handle(packet, from.address, from.port, monotonicMs());
        if (answer instanceof Promise) void answer.then((response) => send(socket, response, from));
        else send(socket, answer, from);
      });
      socket.bind({ address, port: at }, () => {
        socket.removeAllListeners('error');
        socket.on('error', (error) => log.warn('UDP socket error', { address, error }));
        enlarge(socket, receiveBufferBytes);
        resolve({
          port: socket.address().port,
          close: () => new Promise<void>((closed) => socket.close(() => closed())),
        });
      });
    });
  }
}

/** A datagram that cannot be sent is like a lost one, so there is no callback: the client asks again. */
function send(socket: Socket, response: Buffer | undefined, { port, address }: RemoteInfo): void {
  if (response !== undefined) socket.send(response, port, address);
}

type Found = (error: null, address: string, family: number) => void;
/** Answers go to addresses, never to names: asking Node's resolver for each costs more than the answer. */
const takeAsIPv4 = (address: string, _options: unknown, found: Found): void => found(null, address, 4);
const takeAsIPv6 = (address: string, _options: unknown, found: Found): void => found(null, address, 6);

/** Hundreds of torrents announce in one burst; what does not fit into the kernel's buffer is lost. */
function enlarge(socket: Socket, bytes: number): void {
  try {
    socket.setRecvBufferSize(bytes);
  } catch {
    // The kernel may give less: scripts/doctor checks its limit.
  }
}
