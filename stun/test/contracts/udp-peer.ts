// Somebody on the internet for tests: a UDP socket that writes down what comes.
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { Address } from './stun-message.ts';

const WAIT_MS_MAX = 3_000;

export class UdpPeer {
  readonly #socket: Socket;
  readonly #received: { data: string; from: Address }[] = [];
  #wake: () => void = () => undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('message', (data, { address, port }) => {
      this.#received.push({ data: data.toString('latin1'), from: { address, port } });
      this.#wake();
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
  async next(waitMs = WAIT_MS_MAX): Promise<{ data: string; from: Address } | undefined> {
    if (this.#received.length === 0) {
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        timer = setTimeout(resolve, waitMs);
      });
      clearTimeout(timer);
    }
    return this.#received.shift();
  }

  close(): void {
    this.#socket.close();
  }
}
