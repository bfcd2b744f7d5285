// Somebody on the internet for tests: a UDP socket that writes down what comes.
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { Inbox } from './inbox.ts';
import type { Address } from './stun-message.ts';

export class UdpPeer {
  readonly #socket: Socket;
  readonly #received = new Inbox<{ data: string; from: Address }>();

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('message', (data, { address, port }) => {
      this.#received.add({ data: data.toString('latin1'), from: { address, port } });
    });
  }

  static async open(host = '127.0.0.1'): Promise<UdpPeer> {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    socket.bind(0, host);
    await once(socket, 'listening');
    return new UdpPeer(socket);
  }

  get address(): Address {
    const { address, port } = this.#socket.address();
    return { address, port };
  }

  send(data: string | Buffer, to: Address): void {
    this.#socket.send(data, to.port, to.address);
  }

  /** The next datagram, or undefined where none comes in time. */
  next(waitMs?: number): Promise<{ data: string; from: Address } | undefined> {
    return this.#received.next(waitMs);
  }

  close(): void {
    this.#socket.close();
  }
}
