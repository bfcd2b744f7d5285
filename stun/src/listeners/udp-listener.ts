// A UDP port that clients talk to. It remembers only those clients that have an allocation.
import type { Endpoint, ListeningAddress } from '../engine.ts';
import type { Counters } from '../turn/counters.ts';
import type { Allocation, Client } from '../turn/allocation.ts';
import { familyOf } from '@relay-swarm/net/ip';
import type { TurnServer } from '../turn/turn-server.ts';
import { UdpSocket } from './udp-socket.ts';

/** All clients share it, so it may hold more than a relay's. */
const KERNEL_BUFFER_BYTES = 4_194_304;

export interface UdpListenerOptions {
  readonly endpoint: Endpoint;
  /** With other processes of this server. */
  readonly isShared: boolean;
  /** Whether it serves from its first datagram on; otherwise after `serve()`. */
  readonly isServing: boolean;
  readonly counters: Counters;
  readonly sendBufferBytesMax: number;
}

export class UdpListener {
  readonly #options: UdpListenerOptions;
  readonly #turnServer: TurnServer;
  #socket: UdpSocket;
  /** The socket that is listened to. There is none until all workers are bound, since the kernel would move clients to another worker. */
  #served: UdpSocket | undefined;
  /** Bound, and not listened to: it keeps the place of another worker's socket in the kernel's row (workers/slots.ts). */
  #spare: UdpSocket | undefined;
  /** By address, then by port: no key has to be put together for each packet. */
  readonly #clients = new Map<string, Map<number, UdpClient>>();

  constructor(options: UdpListenerOptions, turnServer: TurnServer) {
    this.#options = options;
    this.#turnServer = turnServer;
    this.#socket = this.#open(options.endpoint.port);
    if (options.isServing) this.serve();
  }

  get listening(): ListeningAddress {
    return { transport: 'udp', host: this.#options.endpoint.host, port: this.#socket.port };
  }

  get port(): number {
    return this.#socket.port;
  }

  #open(port: number): UdpSocket {
    const { endpoint, isShared, counters, sendBufferBytesMax } = this.#options;
    const socket: UdpSocket = new UdpSocket({
      family: familyOf(endpoint.host),
      host: endpoint.host,
      port,
      reusePort: isShared,
      kernelBufferBytes: KERNEL_BUFFER_BYTES,
      sendBufferBytesMax,
      counters,
      onDatagram: (data, address, from) => {
        if (socket === this.#served) this.#receive(data, address, from);
      },
    });
    return socket;
  }

  /** Goes to the end of the kernel's row; the old socket stays where it is, as a spare. */
  moveToEnd(): void {
    const old = this.#socket;
    this.#socket = this.#served = this.#open(old.port);
    this.#spare = old;
  }

  serve(): void {
    this.#served = this.#socket;
  }

  openSpare(): void {
    this.#spare = this.#open(this.#socket.port);
  }

  closeSpare(): void {
    this.#spare?.close();
    this.#spare = undefined;
  }

  send(data: Buffer, start: number, end: number, port: number, address: string): boolean {
    return this.#socket.send(data, start, end, port, address);
  }

  #receive(data: Buffer, address: string, port: number): void {
    const known = this.#clients.get(address)?.get(port);
    const client = known ?? new UdpClient(this, address, port, () => this.#forget(address, port));
    this.#turnServer.receive(client, data, 0, data.length);
    if (known === undefined && client.allocation !== undefined) this.#remember(client);
  }

  #remember(client: UdpClient): void {
    const ports = this.#clients.get(client.address);
    if (ports === undefined) this.#clients.set(client.address, new Map([[client.port, client]]));
    else ports.set(client.port, client);
  }

  #forget(address: string, port: number): void {
    const ports = this.#clients.get(address);
    if (ports?.delete(port) === true && ports.size === 0) this.#clients.delete(address);
  }

  close(): void {
    this.closeSpare();
    this.#socket.close();
  }
}

class UdpClient implements Client {
  readonly transport = 'udp';
  readonly address: string;
  readonly port: number;
  readonly released: () => void;
  allocation: Allocation | undefined = undefined;
  readonly #listener: UdpListener;

  constructor(listener: UdpListener, address: string, port: number, released: () => void) {
    this.#listener = listener;
    this.address = address;
    this.port = port;
    this.released = released;
  }

  send(data: Buffer, start: number, end: number): boolean {
    return this.#listener.send(data, start, end, this.port, this.address);
  }
}
