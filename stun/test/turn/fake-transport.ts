// A network for the TURN server that has no sockets: clients and relay sockets that write down what they are sent, and a
// clock that stands still until it is moved.
import type { AddressFamily, Transport, TurnStats } from '../../src/engine.ts';
import type { Allocation, RelayedAddress, Client } from '../../src/turn/allocation.ts';
import { createCounters, type Counters } from '../../src/turn/counters.ts';
import { TurnServer } from '../../src/turn/turn-server.ts';
import type { OnDatagram, RelaySocket } from '../../src/turn/transport-ports.ts';
import { engineOptions, PASSWORD, REALM, type OptionChanges } from '../contracts/options.ts';
import {
  decode,
  encode,
  errorCodeOf,
  isSealed,
  peerAddress,
  sendIndication,
  UDP_TRANSPORT,
  channelNumber,
  lifetime,
  type Address,
  type Attribute,
  type Message,
  type Method,
} from '../contracts/stun-message.ts';
import { relayedAddress } from '../contracts/turn-client.ts';
import { TurnUser } from '../contracts/turn-user.ts';

export const OWN_IPV4 = '198.51.100.1';
export const OWN_IPV6 = '2001:db8::1';
export const PORT_MIN = 50_000;

export interface SentToPeer {
  readonly fromPort: number;
  readonly to: Address;
  readonly data: string;
}

export class FakeTransport {
  nowMs = 1_000_000;
  readonly turnServer: TurnServer;
  readonly counters: Counters = createCounters();
  readonly toPeers: SentToPeer[] = [];
  readonly #sockets = new Map<string, OnDatagram>();
  /** Ports that another program holds. */
  readonly taken = new Set<number>();
  #random = 1;
  #sequence = 0;

  constructor(changes: OptionChanges = {}) {
    const options = engineOptions({
      relayHosts: [
        { bind: '0.0.0.0', announced: OWN_IPV4 },
        { bind: '::', announced: OWN_IPV6 },
      ],
      relayPortMin: PORT_MIN,
      relayPortMax: PORT_MIN + 99,
      peers: { allowed: ['192.0.2.0/24', '2001:db8:1::/48'], denied: [] },
      monotonicMs: () => this.nowMs,
      randomBytes: (bytes) => this.#randomBytes(bytes),
      ...changes,
      limits: { unauthenticatedPerSecondMax: 1_000_000, ...changes.limits },
    });
    this.turnServer = new TurnServer(options, this.#open, this.counters);
  }

  /** A small generator with a fixed seed: every run is the same. */
  #randomBytes(bytes: number): Buffer {
    const out = Buffer.alloc(bytes);
    for (let i = 0; i < bytes; i++) {
      this.#random = (Math.imul(this.#random, 1_664_525) + 1_013_904_223) >>> 0;
      out[i] = this.#random >>> 24;
    }
    return out;
  }

  readonly #open = (family: AddressFamily, port: number, onDatagram: OnDatagram): RelaySocket | undefined => {
    const key = `${family}/${port}`;
    if (this.taken.has(port)) return undefined;
    if (this.#sockets.has(key)) throw new Error(`port ${key} opened twice`);
    this.#sockets.set(key, onDatagram);
    return {
      send: (data, start, end, toPort, address) => {
        if (toPort === 0) throw new Error('sent to port 0');
        if (!this.#sockets.has(key)) throw new Error('sent from a closed socket');
        this.toPeers.push({
          fromPort: port,
          to: { address, port: toPort },
          data: data.toString('latin1', start, end),
        });
        return true;
      },
      close: () => {
        if (!this.#sockets.delete(key)) throw new Error(`port ${key} closed twice`);
      },
    };
  };

  get openSockets(): number {
    return this.#sockets.size;
  }

  advance(ms: number): void {
    this.nowMs += ms;
    this.turnServer.sweep();
  }

  /** A datagram from the internet to a relayed address. */
  fromPeer(peer: Address, relayed: Address, data: string): void {
    const family = relayed.address.includes(':') ? 6 : 4;
    this.#sockets.get(`${family}/${relayed.port}`)?.(Buffer.from(data, 'latin1'), peer.address, peer.port);
  }

  client(name = 'alice', at: Partial<FakeClientAddress> = {}): FakeClient {
    this.#sequence++;
    return new FakeClient(this, name, {
      transport: 'udp',
      address: '203.0.113.7',
      port: 10_000 + this.#sequence,
      ...at,
    });
  }

  get drops(): TurnStats['drops'] {
    return this.counters.drops;
  }
}

interface FakeClientAddress {
  readonly transport: Transport;
  readonly address: string;
  readonly port: number;
}

export class FakeClient extends TurnUser implements Client {
  readonly transport: Transport;
  readonly address: string;
  readonly port: number;
  readonly fake: FakeTransport;
  allocation: Allocation | undefined = undefined;
  readonly sent: Buffer[] = [];
  releases = 0;
  holds = 0;
  isSlow = false;
  #ids = 0;

  constructor(fake: FakeTransport, name: string, at: FakeClientAddress) {
    super(name, PASSWORD);
    this.fake = fake;
    this.transport = at.transport;
    this.address = at.address;
    this.port = at.port;
  }

  send(data: Buffer, start: number, end: number): boolean {
    if (this.isSlow) return false;
    this.sent.push(Buffer.from(data.subarray(start, end)));
    return true;
  }

  hold(): void {
    this.holds++;
  }

  released(): void {
    this.releases++;
  }

  nextId(): Buffer {
    const id = Buffer.alloc(12, this.port & 0xff);
    id.writeUInt16BE(this.port, 0);
    id.writeUInt32BE(++this.#ids, 8);
    return id;
  }

  receive(bytes: Buffer): void {
    this.fake.turnServer.receive(this, bytes, 0, bytes.length);
  }

  /** What the server said since, as one message; undefined where it said nothing. */
  answer(): Message | undefined {
    const bytes = this.sent.pop();
    this.sent.length = 0;
    return bytes === undefined ? undefined : decode(bytes);
  }

  /** Fetches a nonce with a request that is not authenticated. */
  greet(): this {
    this.receive(encode({ method: 'refresh', transactionId: this.nextId() }));
    this.takeChallenge(this.answer()!);
    return this;
  }

  /** Sends an authenticated request; checks that the answer is sealed, since browsers ignore it otherwise. */
  request(
    method: Method | number,
    attributes: readonly Attribute[] = [],
    transactionId = this.nextId(),
  ): Message | undefined {
    if (this.nonce.length === 0) this.greet();
    this.receive(this.encode(method, attributes, transactionId));
    const answer = this.answer();
    if (answer !== undefined && !isChallenge(answer) && !isSealed(answer, this.key))
      throw new Error('the answer is not sealed');
    return answer;
  }

  /** The error's code, or 'ok'. */
  outcome(method: Method | number, ...attributes: readonly Attribute[]): number | 'ok' | 'silence' {
    const answer = this.request(method, attributes);
    return answer === undefined ? 'silence' : (errorCodeOf(answer) ?? 'ok');
  }

  allocate(...attributes: readonly Attribute[]): Address {
    return relayedAddress(this.request('allocate', [UDP_TRANSPORT, ...attributes])!);
  }

  refresh(seconds: number): number | 'ok' | 'silence' {
    return this.outcome('refresh', lifetime(seconds));
  }

  permit(...peers: readonly Address[]): number | 'ok' | 'silence' {
    const id = this.nextId();
    return this.#outcomeOf(
      this.request(
        'createPermission',
        peers.map((peer) => peerAddress(peer, id)),
        id,
      ),
    );
  }

  bind(number: number, peer: Address): number | 'ok' | 'silence' {
    const id = this.nextId();
    return this.#outcomeOf(this.request('channelBind', [channelNumber(number), peerAddress(peer, id)], id));
  }

  #outcomeOf(answer: Message | undefined): number | 'ok' | 'silence' {
    return answer === undefined ? 'silence' : (errorCodeOf(answer) ?? 'ok');
  }

  sendTo(peer: Address, data: string, ...more: readonly Attribute[]): void {
    this.receive(sendIndication(peer, Buffer.from(data, 'latin1'), more, this.nextId()));
  }
}

const isChallenge = (answer: Message): boolean => [401, 438].includes(errorCodeOf(answer) ?? 0);

/** A relay's own view, for tests that look inside. */
export const relaysOf = (client: FakeClient): readonly RelayedAddress[] =>
  client.allocation?.relayedAddresses ?? [];
export { REALM };
