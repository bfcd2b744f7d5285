// One UDP socket, of a listener or of a relayed address.
import { createSocket, type Socket } from 'node:dgram';
import type { AddressFamily } from '../engine.ts';
import type { Counters } from '../turn/counters.ts';
import type { OnDatagram } from '../turn/transport-ports.ts';

export interface UdpSocketOptions {
  readonly family: AddressFamily;
  readonly host: string;
  readonly port: number;
  /** Other processes of this server have the same port; the kernel chooses by the client's address and port. */
  readonly reusePort?: boolean;
  /** The kernel's buffers, as far as it grants them. */
  readonly kernelBufferBytes: number;
  /** Bytes that may wait in the process when the kernel's buffer is full. */
  readonly sendBufferBytesMax: number;
  readonly counters: Counters;
  readonly onDatagram: OnDatagram;
}

export class UdpSocket {
  readonly #socket: Socket;
  readonly #counters: Counters;
  readonly #sendBufferBytesMax: number;
  #isOpen = true;

  /**
   * Binds before it returns, or throws. Addresses are never names here, and with a look-up that answers at once
   * Node binds and sends at once; its own would put off each packet to the next turn of the event loop.
   */
  constructor(options: UdpSocketOptions) {
    const { family, host, port, counters, onDatagram } = options;
    this.#counters = counters;
    this.#sendBufferBytesMax = options.sendBufferBytesMax;
    this.#socket = createSocket({
      type: family === 4 ? 'udp4' : 'udp6',
      ipv6Only: family === 6,
      ...(options.reusePort === true && { reusePort: true }),
      lookup: (address, _options, callback) => callback(null, address, family),
    });
    let failure: Error | undefined;
    this.#socket.on('error', (error) => {
      failure ??= error;
      counters.drops.socketError++;
    });
    this.#socket.bind({ address: host, port, exclusive: true });
    if (failure === undefined && this.port === 0)
      failure = new Error('Cannot bind at once with this Node.js');
    if (failure !== undefined) {
      this.close();
      throw failure;
    }
    enlargeBuffers(this.#socket, options.kernelBufferBytes);
    // A source port of 0 is forged, and cannot be answered.
    this.#socket.on('message', (data, from) => {
      if (from.port !== 0) onDatagram(data, from.address, from.port);
    });
  }

  get port(): number {
    return this.#socket.address().port;
  }

  /** False where the packet was dropped. Without a callback Node keeps the errors of single packets to itself. */
  send(data: Buffer, start: number, end: number, port: number, address: string): boolean {
    if (!this.#isOpen) return false;
    if (this.#socket.getSendQueueSize() > this.#sendBufferBytesMax) {
      this.#counters.drops.sendBuffer++;
      return false;
    }
    this.#socket.send(data, start, end - start, port, address);
    return true;
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#socket.close();
  }
}

function enlargeBuffers(socket: Socket, bytes: number): void {
  try {
    socket.setRecvBufferSize(bytes);
    socket.setSendBufferSize(bytes);
  } catch {
    // Then the kernel's default is used, which loses more in bursts.
  }
}
