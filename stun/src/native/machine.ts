// The TURN server as a state machine (RFC 8489, RFC 8656): packets come in, packets go out through the clients and relay
// sockets it was given. It opens nothing, waits for nothing and keeps no timer: `sweep()` is to be called now and then.
import type { AddressFamily, TurnEngineOptions } from '../engine.ts';
import { createPeerPolicy } from '../peer-policy.ts';
import { allocate } from './allocate.ts';
import type { Allocation, Permission, Relay } from './allocation.ts';
import { AllocationTable } from './allocation-table.ts';
import { Authenticator, type Authenticated } from './authentication.ts';
import { takeFrom } from './bandwidth.ts';
import type { Counters } from './counters.ts';
import { addressBytes, addressText, familyOf } from './ip-address.ts';
import { MessageReader } from './message-reader.ts';
import { MessageWriter } from './message-writer.ts';
import { NONCE_KEY_BYTES, Nonces } from './nonce.ts';
import { PacketArena } from './packet-arena.ts';
import { channelBind, createPermission } from './peer-requests.ts';
import { refresh } from './refresh.ts';
import { RelayPool } from './relay-pool.ts';
import type { Handler, Outcome, Server } from './requests.ts';
import { SourceGate } from './source-gate.ts';
import {
  ATTRIBUTE,
  CHANNEL_HEADER_BYTES,
  CLASS,
  DATAGRAM_BYTES_MAX,
  METHOD,
  TRANSACTION_ID_BYTES,
  type ErrorCode,
} from './vocabulary.ts';
import type { Client, OpenRelaySocket } from './world.ts';

/** Behind the header: the peer's IPv6 address, and DATA's head and padding. */
const DATA_INDICATION_BYTES = 20 + 24 + 4 + 3;
/** What fits into an Ethernet frame; Linux sends such datagrams unfragmented (RFC 8656 §14). */
const UNFRAGMENTED_BYTES_MAX = { 4: 1_472, 6: 1_452 } as const;

const handlers = new Map<number, Handler>([
  [METHOD.allocate, allocate],
  [METHOD.refresh, refresh],
  [METHOD.createPermission, createPermission],
  [METHOD.channelBind, channelBind],
]);

export class TurnMachine {
  readonly table: AllocationTable;
  readonly #options: TurnEngineOptions;
  readonly #counters: Counters;
  readonly #server: Server;
  readonly #pools = new Map<AddressFamily, RelayPool>();
  readonly #nonces: Nonces;
  readonly #authenticator: Authenticator;
  readonly #gate: SourceGate;
  readonly #arena = new PacketArena();
  readonly #message = new MessageReader();
  readonly #writer = new MessageWriter(this.#arena);
  /** Of Data indications: begins at random and counts up; nobody answers them. */
  readonly #indicationId: Buffer;

  constructor(
    options: TurnEngineOptions,
    openRelaySocket: OpenRelaySocket,
    counters: Counters,
    ownAddresses: readonly string[] = [],
  ) {
    const { randomBytes, relayAddresses, relayPortMin: portMin, relayPortMax: portMax } = options;
    this.#options = options;
    this.#counters = counters;
    this.#indicationId = Buffer.from(randomBytes(TRANSACTION_ID_BYTES));
    for (const { announced } of relayAddresses) {
      const family = familyOf(announced);
      const bytes = addressBytes(announced);
      if (bytes === undefined) throw new Error(`Cannot announce "${announced}": wanted an IP address`);
      if (this.#pools.has(family)) throw new Error(`Cannot announce two IPv${family} addresses`);
      this.#pools.set(
        family,
        new RelayPool({
          family,
          announced: addressText(bytes),
          portMin,
          portMax,
          open: openRelaySocket,
          random: (below) => randomBytes(4).readUInt32BE() % below,
          onDatagram: (relay, data, address, port) => {
            this.fromPeer(relay, data, 0, data.length, address, port);
          },
        }),
      );
    }
    this.table = new AllocationTable(options, this.#pools, counters);
    const announced = [...this.#pools.values()].map((pool) => pool.announced);
    this.#server = {
      options,
      table: this.table,
      mayReach: createPeerPolicy(options.peers, [...announced, ...ownAddresses]),
    };
    this.#nonces = new Nonces(randomBytes(NONCE_KEY_BYTES), options.lifetimes.nonceSeconds);
    this.#authenticator = new Authenticator(options.realm, options.authenticate, this.#nonces, counters);
    this.#gate = new SourceGate(options.limits.unauthenticatedPerSecondMax, randomBytes(4).readUInt32BE());
  }

  get relayPortsFree(): number {
    let free = 0;
    for (const pool of this.#pools.values()) free += pool.free;
    return free;
  }

  /** One datagram, or one message of a stream: `data` from `start` to `end`. Never throws, whatever it is. */
  receive(client: Client, data: Buffer, start: number, end: number): void {
    const first = end - start < CHANNEL_HEADER_BYTES ? 0xff : data[start]!;
    // RFC 8656 §12: the first two bits tell STUN from ChannelData.
    if (first < 0x40) this.#receiveMessage(client, data, start, end);
    else if (first < 0x80) this.#receiveChannelData(client, data, start, end);
    else this.#counters.drops.malformed++;
  }

  #receiveChannelData(client: Client, data: Buffer, start: number, end: number): void {
    const { drops } = this.#counters;
    const channel = client.allocation?.channels.get(data.readUInt16BE(start));
    const nowMs = this.#options.nowMs();
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
    this.#toPeer(channel.permission, channel.port, data, payload, payloadEnd, nowMs);
  }

  #receiveMessage(client: Client, data: Buffer, start: number, end: number): void {
    const message = this.#message;
    const { drops } = this.#counters;
    if (!message.read(data, start, end)) drops.malformed++;
    else if (message.class === CLASS.request) this.#receiveRequest(client);
    else if (message.class === CLASS.indication && message.method === METHOD.send) this.#receiveSend(client);
    else if (message.class !== CLASS.indication || message.method !== METHOD.binding) drops.unexpected++;
  }

  /** The Send indication (RFC 8656 §11.2). */
  #receiveSend(client: Client): void {
    const message = this.#message;
    const { drops } = this.#counters;
    const allocation = client.allocation;
    if (allocation === undefined) {
      drops.unexpected++;
      return;
    }
    const peerAt = message.find(ATTRIBUTE.xorPeerAddress);
    const dataAt = message.find(ATTRIBUTE.data);
    const peer = peerAt < 0 ? undefined : message.xorAddress(peerAt);
    if (peer === undefined || peer.port === 0 || dataAt < 0 || message.hasUnknown) {
      drops.malformed++;
      return;
    }
    const permission = allocation.permissions.get(peer.address);
    if (permission === undefined) {
      drops.noPermission++;
      return;
    }
    const start = message.valueStart(dataAt);
    const length = message.valueLength(dataAt);
    if (message.has(ATTRIBUTE.dontFragment) && length > UNFRAGMENTED_BYTES_MAX[permission.relay.family]) {
      drops.tooLarge++;
      return;
    }
    this.#toPeer(permission, peer.port, message.data, start, start + length, this.#options.nowMs());
  }

  #toPeer(
    permission: Permission,
    port: number,
    data: Buffer,
    start: number,
    end: number,
    nowMs: number,
  ): void {
    const counters = this.#counters;
    const { relay } = permission;
    const { allocation } = relay;
    if (allocation === undefined || permission.expiresAtMs <= nowMs || relay.expiresAtMs <= nowMs) {
      counters.drops.noPermission++;
      return;
    }
    if (!takeFrom(allocation.toPeers, end - start, nowMs)) {
      counters.drops.bandwidth++;
      return;
    }
    if (permission.isOwnAddress) {
      // Another allocation of this server: straight to it, without a turn through the network and the NAT in front of us.
      const other = relay.pool.at(port);
      if (other !== undefined) {
        counters.packetsToPeers++;
        counters.bytesToPeers += end - start;
        this.fromPeer(other, data, start, end, relay.pool.announced, relay.port);
        return;
      }
      if (!permission.isReachable) {
        counters.drops.peerPolicy++;
        return;
      }
    }
    if (relay.socket.send(data, start, end, port, permission.address)) {
      counters.packetsToPeers++;
      counters.bytesToPeers += end - start;
    }
  }

  /** What a peer sent to a relayed address (RFC 8656 §11.3, §12.6). Never throws. */
  fromPeer(relay: Relay, data: Buffer, start: number, end: number, address: string, port: number): void {
    const { drops } = this.#counters;
    const { allocation } = relay;
    const nowMs = this.#options.nowMs();
    const permission = allocation?.permissions.get(address);
    if (
      allocation === undefined ||
      permission === undefined ||
      permission.expiresAtMs <= nowMs ||
      relay.expiresAtMs <= nowMs
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

  #sendChannelData(allocation: Allocation, number: number, data: Buffer, start: number, end: number): void {
    const { client } = allocation;
    const length = end - start;
    // Over streams each message is padded to 4 bytes (RFC 8656 §12.5).
    const padded = client.transport === 'udp' ? length : (length + 3) & ~3;
    const at = this.#arena.take(CHANNEL_HEADER_BYTES + padded);
    const packet = this.#arena.buffer;
    packet.writeUInt16BE(number, at);
    packet.writeUInt16BE(length, at + 2);
    data.copy(packet, at + CHANNEL_HEADER_BYTES, start, end);
    const packetEnd = at + CHANNEL_HEADER_BYTES + padded;
    if (padded !== length) packet.fill(0, packetEnd - padded + length, packetEnd);
    this.#sendToClient(client, packet, at, packetEnd, length);
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

  #receiveRequest(client: Client): void {
    const message = this.#message;
    const nowMs = this.#options.nowMs();
    if (message.method === METHOD.binding) {
      this.#receiveBinding(client, nowMs);
      return;
    }
    const handle = handlers.get(message.method);
    if (handle === undefined) {
      this.#counters.drops.unexpected++;
      return;
    }
    const who = this.#authenticator.check(message, client, nowMs);
    if ('code' in who) {
      this.#refuseStranger(client, who.code, who.hasChallenge, nowMs);
      return;
    }
    if (message.hasUnknown) {
      this.#sendError(client, 420, who, (response) => response.unknownAttributes(message.unknownTypes()));
      return;
    }
    if (who.isExpired && message.method === METHOD.allocate) {
      this.#counters.authFailures.expired++;
      this.#refuseStranger(client, 401, true, nowMs);
      return;
    }
    this.#answer(client, who, handle(this.#server, { message, client, who, nowMs }));
  }

  #answer(client: Client, who: Authenticated, outcome: Outcome): void {
    if (typeof outcome === 'number') {
      this.#sendError(client, outcome, who);
    } else if (typeof outcome === 'function') {
      const response = this.#begin(CLASS.success);
      outcome(response);
      this.#send(client, who);
      this.#remember(client);
    } else {
      client.send(outcome, 0, outcome.length);
    }
  }

  /** Keeps the response to a first Allocate; a copy, so that it does not hold on to a whole slab. */
  #remember(client: Client): void {
    const { allocation } = client;
    if (this.#message.method !== METHOD.allocate || allocation === undefined) return;
    const { data, start, end } = this.#writer;
    allocation.transactionId = Buffer.from(this.#message.transactionId);
    allocation.response = Buffer.allocUnsafeSlow(end - start);
    data.copy(allocation.response, 0, start, end);
  }

  /** The Binding request, which needs no credentials (RFC 8489 §6.3.1). */
  #receiveBinding(client: Client, nowMs: number): void {
    const message = this.#message;
    if (!this.#mayAnswer(client, nowMs)) return;
    if (message.hasUnknown) {
      this.#sendError(client, 420, undefined, (response) =>
        response.unknownAttributes(message.unknownTypes()),
      );
      return;
    }
    this.#counters.bindings++;
    this.#begin(CLASS.success).xorAddress(ATTRIBUTE.xorMappedAddress, client.address, client.port);
    this.#send(client);
  }

  #refuseStranger(client: Client, code: ErrorCode, hasChallenge: boolean, nowMs: number): void {
    if (!this.#mayAnswer(client, nowMs)) return;
    this.#sendError(client, code, undefined, (response) => {
      if (!hasChallenge) return;
      response.bytes(ATTRIBUTE.realm, Buffer.from(this.#options.realm));
      const nonce = this.#nonces.issue(client.address, client.port, nowMs);
      response.bytes(ATTRIBUTE.nonce, Buffer.from(nonce, 'latin1'));
    });
  }

  #mayAnswer(client: Client, nowMs: number): boolean {
    const may = this.#gate.allows(client.address, nowMs);
    if (!may) this.#counters.drops.rateLimit++;
    return may;
  }

  #sendError(
    client: Client,
    code: ErrorCode,
    who?: Authenticated,
    write: (response: MessageWriter) => void = () => undefined,
  ): void {
    const errors = this.#counters.errorResponses;
    errors[code] = (errors[code] ?? 0) + 1;
    write(this.#begin(CLASS.error).errorCode(code));
    this.#send(client, who);
  }

  #begin(messageClass: number): MessageWriter {
    return this.#writer.begin(messageClass, this.#message.method, this.#message.transactionId);
  }

  /** Completes the response and sends it: sealed where the request was, with a fingerprint where the request had one. */
  #send(client: Client, who?: Authenticated): void {
    const response = this.#writer;
    if (this.#options.software !== '') {
      response.bytes(ATTRIBUTE.software, Buffer.from(this.#options.software));
    }
    if (who !== undefined) response.integrity(who.kind, who.key);
    if (this.#message.hasFingerprint) response.fingerprint();
    response.finish();
    client.send(response.data, response.start, response.end);
  }

  /** The client's connection is gone, and with it its allocation. */
  disconnected(client: Client): void {
    if (client.allocation !== undefined) this.table.end(client.allocation);
  }

  sweep(): void {
    this.table.sweep(this.#options.nowMs());
  }

  close(): void {
    this.table.endAll();
  }
}
