// A UDP port that clients talk to. It remembers only those clients that have an allocation.
import type { Endpoint, ListeningAddress } from '../engine.ts';
import type { Counters } from '../turn/counters.ts';
import type { Allocation, Client } from '../turn/allocation.ts';
import { familyOf } from '@relay-swarm/net/ip';
import type { TurnServer } from '../turn/turn-server.ts';
import { UdpSocket } from './udp-socket.ts';

/** All clients share it, so it may hold more than a relay's. */
const KERNEL_BUFFER_BYTES = 4_194_304;

export class UdpListener {
  readonly #endpoint: Endpoint;
  readonly #socket: UdpSocket;
  readonly #turnServer: TurnServer;
  /** By address, then by port: no key has to be put together for each packet. */
  readonly #clients = new Map<string, Map<number, UdpClient>>();

  constructor(endpoint: Endpoint, turnServer: TurnServer, counters: Counters, sendBufferBytesMax: number) {
    this.#endpoint = endpoint;
    this.#turnServer = turnServer;
    this.#socket = new UdpSocket({
      family: familyOf(endpoint.host),
      host: endpoint.host,
      port: endpoint.port,
      kernelBufferBytes: KERNEL_BUFFER_BYTES,
      sendBufferBytesMax,
      counters,
      onDatagram: (data, address, port) => this.#receive(data, address, port),
    });
  }

  get listening(): ListeningAddress {
    return { transport: 'udp', host: this.#endpoint.host, port: this.#socket.port };
  }

  get port(): number {
    return this.#socket.port;
  }

  #receive(data: Buffer, address: string, port: number): void {
    const known = this.#clients.get(address)?.get(port);
    const client = known ?? new UdpClient(this.#socket, address, port, () => this.#forget(address, port));
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
    this.#socket.close();
  }
}

class UdpClient implements Client {
  readonly transport = 'udp';
  readonly address: string;
  readonly port: number;
  readonly released: () => void;
  allocation: Allocation | undefined = undefined;
  readonly #socket: UdpSocket;

  constructor(socket: UdpSocket, address: string, port: number, released: () => void) {
    this.#socket = socket;
    this.address = address;
    this.port = port;
    this.released = released;
  }

  send(data: Buffer, start: number, end: number): boolean {
    return this.#socket.send(data, start, end, this.port, this.address);
  }
}
