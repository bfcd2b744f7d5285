// Allocations with their relays, permissions and channels (RFC 8656 §3.2). Every use compares the time, so whatever has expired does not
// count from that millisecond on; the sweep only frees the memory. Pure.
import type { Holder } from '@relay-swarm/net/budget';
import type { AddressFamily, Transport } from '../engine.ts';
import type { TokenBucket } from './bandwidth.ts';
import type { Account } from './quotas.ts';
import { CHANNEL_MS, PERMISSION_MS } from '../stun/constants.ts';
import type { RelaySocket } from './transport-ports.ts';

/** The relayed addresses of one family, as far as an allocation needs them. */
export interface RelayedAddresses {
  /** As clients and peers know it. */
  readonly announced: string;
  /** The one that has this port now. */
  at(port: number): RelayedAddress | undefined;
  close(relayed: RelayedAddress): void;
}

/** The client's end of a 5-tuple: a UDP address at one of our sockets, or a connection. */
export interface Client {
  readonly transport: Transport;
  /** As XOR-MAPPED-ADDRESS tells it. */
  readonly address: string;
  readonly port: number;
  /** Set and unset by the TURN server. */
  allocation: Allocation | undefined;
  /** The bytes are never written again, so they may be kept. False where they were dropped because the client is too slow. */
  send(data: Buffer, start: number, end: number): boolean;
  /** It asks for more than its share: a stream is not read for a moment, so that parsing its requests costs us nothing. */
  hold?(): void;
  /** The allocation has ended. */
  released(): void;
}

/** About what each takes in Node and in the kernel: a socket and its tables, a set of peers' ports, an entry of two tables. */
export const ALLOCATION_BYTES = 8_192;
const PERMISSION_BYTES = 512;
const CHANNEL_BYTES = 256;

/** A relayed address. It has no allocation while it is only reserved. */
export interface RelayedAddress {
  readonly family: AddressFamily;
  readonly pool: RelayedAddresses;
  readonly port: number;
  socket: RelaySocket;
  allocation: Allocation | undefined;
  expiresAtMs: number;
}

/** Permission to send to one peer address and to receive from it, on all its ports. */
export interface Permission {
  readonly address: string;
  readonly addressBytes: Buffer;
  /** The allocation's relay of the peer's family. */
  readonly relayed: RelayedAddress;
  /** Whether the peer is this server itself: then only other allocations are reached, in process. */
  readonly isOwnAddress: boolean;
  /** Whether packets may leave for the network. */
  readonly isReachable: boolean;
  /** The peer's channels by its port. */
  readonly channels: Map<number, Channel>;
  expiresAtMs: number;
}

export interface Channel {
  readonly number: number;
  readonly port: number;
  readonly permission: Permission;
  expiresAtMs: number;
}

export interface AllocationInit {
  readonly client: Client;
  readonly username: string;
  readonly key: Buffer;
  readonly account: Account;
  readonly toPeers: readonly TokenBucket[];
  readonly toClient: readonly TokenBucket[];
  /** When the credential that made it expires. */
  readonly expiresAtMs: number;
  /** What its requests are paid from. */
  readonly control: TokenBucket;
  readonly holder: Holder;
}

export class Allocation {
  readonly client: Client;
  readonly username: string;
  readonly key: Buffer;
  readonly account: Account;
  /** The buckets that a packet has to pass: this allocation's, its account's, the server's. */
  readonly toPeers: readonly TokenBucket[];
  readonly toClient: readonly TokenBucket[];
  readonly expiresAtMs: number;
  readonly control: TokenBucket;
  /** What the budget of the process counts for it. */
  readonly holder: Holder;
  /** One, or two of different families. */
  readonly relayedAddresses: RelayedAddress[] = [];
  readonly permissions = new Map<string, Permission>();
  readonly channels = new Map<number, Channel>();
  /** The Allocate that made it and the answer, for a client that asks again (RFC 8656 §7.2). */
  transactionId: Buffer = Buffer.alloc(0);
  response: Buffer = Buffer.alloc(0);

  constructor(init: AllocationInit) {
    this.client = init.client;
    this.username = init.username;
    this.key = init.key;
    this.account = init.account;
    this.toPeers = init.toPeers;
    this.toClient = init.toClient;
    this.expiresAtMs = init.expiresAtMs;
    this.control = init.control;
    this.holder = init.holder;
  }

  relayOf(family: AddressFamily, nowMs: number): RelayedAddress | undefined {
    return this.relayedAddresses.find((relayed) => relayed.family === family && relayed.expiresAtMs > nowMs);
  }

  isAlive(nowMs: number): boolean {
    return this.relayedAddresses.some((relayed) => relayed.expiresAtMs > nowMs);
  }

  /** The channel that a peer has now. */
  channelOf(address: string, port: number, nowMs: number): Channel | undefined {
    const channel = this.permissions.get(address)?.channels.get(port);
    return channel !== undefined && channel.expiresAtMs > nowMs ? channel : undefined;
  }

  /** Counts permissions and channels that are about to be added; false where there is no memory for them. */
  hasMemoryFor(permissions: number, channels: number): boolean {
    return this.holder.holdExactly(this.#bytesWith(permissions, channels)) === undefined;
  }

  #bytesWith(permissions: number, channels: number): number {
    const { size } = this.permissions;
    return (
      ALLOCATION_BYTES +
      (size + permissions) * PERMISSION_BYTES +
      (this.channels.size + channels) * CHANNEL_BYTES
    );
  }

  permit(permission: Permission, nowMs: number, lifetimeMs = PERMISSION_MS): void {
    permission.expiresAtMs = Math.max(permission.expiresAtMs, nowMs + lifetimeMs);
    this.permissions.set(permission.address, permission);
  }

  /**
   * Binding a channel renews the permission (RFC 8656 §12), here for as long as the channel lives: some clients (aioice, werift)
   * only bind their channels anew, every 500 s, and coturn and pion relay for them.
   */
  bind(number: number, port: number, permission: Permission, nowMs: number): void {
    this.permit(permission, nowMs, CHANNEL_MS);
    let channel = this.channels.get(number);
    if (channel?.permission !== permission || channel.port !== port) {
      if (channel !== undefined) this.#unbind(channel);
      channel = { number, port, permission, expiresAtMs: 0 };
      this.channels.set(number, channel);
      permission.channels.set(port, channel);
    }
    channel.expiresAtMs = nowMs + CHANNEL_MS;
  }

  #unbind(channel: Channel): void {
    this.channels.delete(channel.number);
    if (channel.permission.channels.get(channel.port) === channel) {
      channel.permission.channels.delete(channel.port);
    }
  }

  /** Removes what has expired. A permission stays while it has channels: they outlive it and can be renewed. */
  sweep(nowMs: number): void {
    for (const channel of this.channels.values()) {
      if (channel.expiresAtMs <= nowMs || !this.relayedAddresses.includes(channel.permission.relayed))
        this.#unbind(channel);
    }
    for (const permission of this.permissions.values()) {
      const isOver = permission.expiresAtMs <= nowMs || !this.relayedAddresses.includes(permission.relayed);
      if (isOver && permission.channels.size === 0) this.permissions.delete(permission.address);
    }
    this.holder.holdExactly(this.#bytesWith(0, 0));
  }
}
