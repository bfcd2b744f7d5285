// The hot path: payloads from clients to peers and back (RFC 8656 §11, §12). Look up, check the permission, check the bandwidth,
// send; nothing here waits, and nothing throws.
import type { TurnEngineOptions } from '../engine.ts';
import type { Allocation, Permission, RelayedAddress, Client } from './allocation.ts';
import { takeFrom } from './bandwidth.ts';
import type { Counters } from './counters.ts';
import { MessageWriter } from '../stun/message-writer.ts';
import type { Siblings } from './worker-share.ts';
import type { PacketArena } from '../stun/packet-arena.ts';
import {
  ATTRIBUTE,
  CHANNEL_HEADER_BYTES,
  CLASS,
  DATAGRAM_BYTES_MAX,
  METHOD,
  TRANSACTION_ID_BYTES,
} from '../stun/constants.ts';

/** The header, the peer's IPv6 address, and DATA's head and padding. */
const DATA_INDICATION_BYTES = 20 + 24 + 4 + 3;

export class DataPath {
  readonly #monotonicMs: () => number;
  readonly #counters: Counters;
  readonly #arena: PacketArena;
  readonly #writer: MessageWriter;
  /** Transaction id of Data indications: begins at random and counts up, since they are not answered. */
  readonly #indicationId: Buffer;

  readonly #siblings: Siblings | undefined;

  constructor(
    { monotonicMs, randomBytes, worker }: TurnEngineOptions,
    arena: PacketArena,
    counters: Counters,
  ) {
    this.#monotonicMs = monotonicMs;
    this.#siblings = worker?.siblings;
    this.#counters = counters;
    this.#arena = arena;
    this.#writer = new MessageWriter(arena);
    this.#indicationId = Buffer.from(randomBytes(TRANSACTION_ID_BYTES));
  }

  /** ChannelData from a client: `data` from `start` to `end`, at least its header. */
  fromChannel(client: Client, data: Buffer, start: number, end: number): void {
    const { drops } = this.#counters;
    const channel = client.allocation?.channels.get(data.readUInt16BE(start));
    const nowMs = this.#monotonicMs();
    if (channel === undefined || channel.expiresAtMs <= nowMs) {
      drops.noChannel++;
      return;
    }
    const payload = start + CHANNEL_HEADER_BYTES;
    const payloadEnd = payload + data.readUInt16BE(start + 2);
    if (payloadEnd > end) {
      drops.malformed++;
      return;
    }
    this.toPeer(channel.permission, channel.port, data, payload, payloadEnd, nowMs);
  }

  toPeer(
    permission: Permission,
    port: number,
    data: Buffer,
    start: number,
    end: number,
    nowMs: number,
  ): void {
    const counters = this.#counters;
    const { relayed } = permission;
    const { allocation } = relayed;
    if (allocation === undefined || permission.expiresAtMs <= nowMs || relayed.expiresAtMs <= nowMs) {
      counters.drops.noPermission++;
      return;
    }
    if (end - start > DATAGRAM_BYTES_MAX) {
      counters.drops.tooLarge++;
      return;
    }
    if (!takeFrom(allocation.toPeers, end - start, nowMs)) {
      counters.drops.bandwidth++;
      return;
    }
    if (permission.isOwnAddress) {
      // Another allocation of this server: straight to it, without a turn through the network and the NAT in front of us.
      const other = relayed.pool.at(port);
      if (other !== undefined) {
        counters.packetsToPeers++;
        counters.bytesToPeers += end - start;
        this.fromPeer(other, data, start, end, relayed.pool.announced, relayed.port);
        return;
      }
      if (this.#siblings?.send(relayed.family, port, relayed.port, data, start, end) === true) {
        counters.packetsToPeers++;
        counters.bytesToPeers += end - start;
        return;
      }
      if (!permission.isReachable) {
        counters.drops.peerPolicy++;
        return;
      }
    }
    if (relayed.socket.send(data, start, end, port, permission.address)) {
      counters.packetsToPeers++;
      counters.bytesToPeers += end - start;
    }
  }

  /** What a peer sent to a relayed address. */
  fromPeer(
    relayed: RelayedAddress,
    data: Buffer,
    start: number,
    end: number,
    address: string,
    port: number,
  ): void {
    const { drops } = this.#counters;
    const { allocation } = relayed;
    const nowMs = this.#monotonicMs();
    const permission = allocation?.permissions.get(address);
    if (
      allocation === undefined ||
      permission === undefined ||
      permission.expiresAtMs <= nowMs ||
      relayed.expiresAtMs <= nowMs
    ) {
      drops.noPermission++;
      return;
    }
    if (!takeFrom(allocation.toClient, end - start, nowMs)) {
      drops.bandwidth++;
      return;
    }
    const channel = permission.channels.get(port);
    if (channel !== undefined && channel.expiresAtMs > nowMs) {
      this.#sendChannelData(allocation, channel.number, data, start, end);
    } else {
      this.#sendDataIndication(allocation, permission, port, data, start, end);
    }
  }

  #sendChannelData({ client }: Allocation, number: number, data: Buffer, start: number, end: number): void {
    const length = end - start;
    // Over streams each message is padded to 4 bytes (RFC 8656 §12.5).
    const padded = client.transport === 'udp' ? length : (length + 3) & ~3;
    if (client.transport === 'udp' && CHANNEL_HEADER_BYTES + length > DATAGRAM_BYTES_MAX) {
      this.#counters.drops.tooLarge++;
      return;
    }
    const at = this.#arena.take(CHANNEL_HEADER_BYTES + padded);
    const packet = this.#arena.buffer;
    const payload = at + CHANNEL_HEADER_BYTES;
    packet.writeUInt16BE(number, at);
    packet.writeUInt16BE(length, at + 2);
    data.copy(packet, payload, start, end);
    if (padded !== length) packet.fill(0, payload + length, payload + padded);
    this.#sendToClient(client, packet, at, payload + padded, length);
  }

  #sendDataIndication(
    { client }: Allocation,
    permission: Permission,
    port: number,
    data: Buffer,
    start: number,
    end: number,
  ): void {
    const length = end - start;
    if (DATA_INDICATION_BYTES + length > DATAGRAM_BYTES_MAX) {
      this.#counters.drops.tooLarge++;
      return;
    }
    this.#indicationId.writeUInt32BE((this.#indicationId.readUInt32BE(8) + 1) >>> 0, 8);
    const packet = this.#writer
      .begin(CLASS.indication, METHOD.data, this.#indicationId, DATA_INDICATION_BYTES + length)
      .xorAddress(ATTRIBUTE.xorPeerAddress, permission.addressBytes, port)
      .copy(ATTRIBUTE.data, data, start, end)
      .finish();
    this.#sendToClient(client, packet.data, packet.start, packet.end, length);
  }

  #sendToClient(client: Client, packet: Buffer, start: number, end: number, payloadBytes: number): void {
    if (!client.send(packet, start, end)) return;
    this.#counters.packetsToClients++;
    this.#counters.bytesToClients += payloadBytes;
  }
}
