// Payloads between allocations of two workers: each has one UDP socket on loopback. Only datagrams from a sibling's port are accepted, and
// on loopback no other process can send from a port that is taken.
import type { AddressFamily } from '../engine.ts';
import { UdpSocket } from '../listeners/udp-socket.ts';
import type { Counters } from '../turn/counters.ts';
import type { OnSiblingPayload, Siblings } from '../turn/worker-share.ts';
import type { PortRange } from './shares.ts';

const LOOPBACK = '127.0.0.1';
/** Family, the port that it is for, the port that it is from. */
const HEAD_BYTES = 5;
const KERNEL_BUFFER_BYTES = 4_194_304;

export interface Sibling extends PortRange {
  /** Of its link. */
  readonly linkPort: number;
}

export class SiblingLink implements Siblings {
  readonly #socket: UdpSocket;
  #onPayload: OnSiblingPayload = () => undefined;
  #siblings: readonly Sibling[] = [];

  constructor(counters: Counters, sendBufferBytesMax: number) {
    this.#socket = new UdpSocket({
      family: 4,
      host: LOOPBACK,
      port: 0,
      kernelBufferBytes: KERNEL_BUFFER_BYTES,
      sendBufferBytesMax,
      counters,
      onDatagram: (data, address, port) => {
        if (address !== LOOPBACK || data.length < HEAD_BYTES) return;
        if (!this.#siblings.some(({ linkPort }) => linkPort === port)) return;
        const family = data[0] === 6 ? 6 : 4;
        this.#onPayload(family, data.readUInt16BE(1), data.readUInt16BE(3), data, HEAD_BYTES);
      },
    });
  }

  get port(): number {
    return this.#socket.port;
  }

  know(siblings: readonly Sibling[]): void {
    this.#siblings = siblings;
  }

  receive(onPayload: OnSiblingPayload): void {
    this.#onPayload = onPayload;
  }

  send(
    family: AddressFamily,
    port: number,
    fromPort: number,
    data: Buffer,
    start: number,
    end: number,
  ): boolean {
    const sibling = this.#siblings.find(({ min, max }) => port >= min && port <= max);
    if (sibling === undefined) return false;
    const packet = Buffer.allocUnsafe(HEAD_BYTES + end - start);
    packet[0] = family;
    packet.writeUInt16BE(port, 1);
    packet.writeUInt16BE(fromPort, 3);
    data.copy(packet, HEAD_BYTES, start, end);
    return this.#socket.send(packet, 0, packet.length, sibling.linkPort, LOOPBACK);
  }

  close(): void {
    this.#socket.close();
  }
}
