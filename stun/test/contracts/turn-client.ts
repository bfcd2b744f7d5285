// A TURN client for tests, over UDP, TCP or TLS: real sockets, every wait has an end.
import { randomBytes } from 'node:crypto';
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ListeningAddress } from '../../src/engine.ts';
import { Inbox } from './inbox.ts';
import {
  channelData,
  channelNumber,
  decode,
  decodeXorAddress,
  encode,
  errorCodeOf,
  isSealed,
  lifetime,
  peerAddress,
  sendIndication,
  UDP_TRANSPORT,
  valueOf,
  type Address,
  type Attribute,
  type Message,
  type Method,
} from './stun-message.ts';
import { TurnUser } from './turn-user.ts';

const WAIT_MS_MAX = 3_000;
const RETRANSMIT_MS = 500;

export interface Login {
  readonly username: string;
  readonly password: string;
}

/** Data that came through the relay: over a channel or in an indication. */
export interface Received {
  readonly channel: number | undefined;
  readonly from: Address | undefined;
  readonly data: Buffer;
}

interface Pipe {
  readonly isStream: boolean;
  readonly local: Address;
  send(bytes: Buffer): void;
  pause(): void;
  close(): void;
}

export class TurnClient extends TurnUser {
  readonly #pipe: Pipe;
  readonly #answers = new Map<string, (message: Message) => void>();
  readonly #received = new Inbox<Received>();
  /** True once the server has hung up. */
  isClosed = false;
  /** Everything that is no answer and no data. */
  readonly other: Buffer[] = [];

  private constructor(pipe: Pipe, { username, password }: Login) {
    super(username, password);
    this.#pipe = pipe;
  }

  static async connect(
    at: ListeningAddress,
    login: Login,
    options: { from?: string; firstBytes?: Buffer } = {},
  ): Promise<TurnClient> {
    const holder: { client?: TurnClient } = {};
    const onMessage = (bytes: Buffer): void => holder.client?.receive(bytes);
    const onClose = (): void => {
      if (holder.client !== undefined) holder.client.isClosed = true;
    };
    const pipe =
      at.transport === 'udp'
        ? await udpPipe(at, options.from, onMessage)
        : await streamPipe(at, onMessage, onClose, options);
    holder.client = new TurnClient(pipe, login);
    return holder.client;
  }

  get local(): Address {
    return this.#pipe.local;
  }

  sendBytes(bytes: Buffer): void {
    this.#pipe.send(bytes);
  }

  /** One transaction with retransmissions, as it stands. */
  async transact(bytes: Buffer): Promise<Message> {
    const id = bytes.toString('hex', 8, 20);
    let timer: NodeJS.Timeout | undefined;
    let again: NodeJS.Timeout | undefined;
    try {
      return await new Promise<Message>((resolve, reject) => {
        this.#answers.set(id, resolve);
        timer = setTimeout(() => reject(new Error('no answer')), WAIT_MS_MAX);
        if (!this.#pipe.isStream) again = setInterval(() => this.#pipe.send(bytes), RETRANSMIT_MS);
        this.#pipe.send(bytes);
      });
    } finally {
      clearTimeout(timer);
      clearInterval(again);
      this.#answers.delete(id);
    }
  }

  /** An authenticated request; takes realm and nonce from a 401 or 438 and tries once more. */
  async request(
    method: Method,
    attributes: (transactionId: Buffer) => readonly Attribute[] = () => [],
    transactionId = randomBytes(12),
  ): Promise<Message> {
    const answer = await this.#sealed(this.encode(method, attributes(transactionId), transactionId));
    const code = errorCodeOf(answer);
    const isFirst = code === 401 && this.nonce.length === 0;
    if (!isFirst && code !== 438) return answer;
    this.takeChallenge(answer);
    const nextId = randomBytes(12);
    return this.#sealed(this.encode(method, attributes(nextId), nextId));
  }

  /** Browsers ignore a success that is not sealed, so here it is a failure. */
  async #sealed(request: Buffer): Promise<Message> {
    const answer = await this.transact(request);
    if (answer.class === 'success' && !isSealed(answer, this.key))
      throw new Error('the success is not sealed');
    return answer;
  }

  async binding(): Promise<Message> {
    return this.transact(encode({ method: 'binding', fingerprint: true }));
  }

  async allocate(...attributes: readonly Attribute[]): Promise<Message> {
    return this.request('allocate', () => [UDP_TRANSPORT, ...attributes]);
  }

  /** Allocates, or throws with the error's code; the relayed address. */
  async allocated(...attributes: readonly Attribute[]): Promise<Address> {
    return relayedAddress(await this.allocate(...attributes));
  }

  refresh(seconds: number): Promise<Message> {
    return this.request('refresh', () => [lifetime(seconds)]);
  }

  permit(...peers: readonly Address[]): Promise<Message> {
    return this.request('createPermission', (id) => peers.map((peer) => peerAddress(peer, id)));
  }

  bind(number: number, peer: Address): Promise<Message> {
    return this.request('channelBind', (id) => [channelNumber(number), peerAddress(peer, id)]);
  }

  sendTo(peer: Address, data: Buffer): void {
    this.#pipe.send(sendIndication(peer, data));
  }

  sendOnChannel(number: number, data: Buffer): void {
    this.#pipe.send(channelData(number, data, this.#pipe.isStream));
  }

  /** The next data, or undefined where none comes in time. */
  next(waitMs?: number): Promise<Received | undefined> {
    return this.#received.next(waitMs);
  }

  receive(bytes: Buffer): void {
    if (bytes[0]! >= 0x40) {
      this.#received.add({
        channel: bytes.readUInt16BE(0),
        from: undefined,
        data: bytes.subarray(4, 4 + bytes.readUInt16BE(2)),
      });
      return;
    }
    const message = decode(bytes);
    const answer = this.#answers.get(message.transactionId.toString('hex'));
    if (message.class === 'indication' && message.method === 7) {
      const from = decodeXorAddress(valueOf(message, 0x0012)!, message.transactionId);
      this.#received.add({ channel: undefined, from, data: valueOf(message, 0x0013)! });
    } else if (answer !== undefined) {
      answer(message);
    } else {
      this.other.push(bytes);
    }
  }

  /** Reads no more from a stream. */
  pause(): void {
    this.#pipe.pause();
  }

  close(): void {
    this.#pipe.close();
  }
}

/** The relayed address of a success response; throws with the error's code. */
export function relayedAddress(answer: Message): Address {
  const value = valueOf(answer, 0x0016);
  if (answer.class !== 'success' || value === undefined) {
    throw new Error(`Cannot allocate: found error ${String(errorCodeOf(answer))}`);
  }
  return decodeXorAddress(value, answer.transactionId);
}

async function udpPipe(
  at: ListeningAddress,
  from: string | undefined,
  onMessage: (bytes: Buffer) => void,
): Promise<Pipe> {
  const socket: UdpSocket = createSocket(at.host.includes(':') ? 'udp6' : 'udp4');
  socket.on('message', onMessage);
  socket.bind(0, from ?? (at.host.includes(':') ? '::1' : '127.0.0.1'));
  await once(socket, 'listening');
  return {
    isStream: false,
    local: socket.address(),
    send: (bytes) => socket.send(bytes, at.port, at.host),
    pause: () => undefined,
    close: () => socket.close(),
  };
}

async function streamPipe(
  at: ListeningAddress,
  onMessage: (bytes: Buffer) => void,
  onClose: () => void,
  { firstBytes, from }: { firstBytes?: Buffer; from?: string },
): Promise<Pipe> {
  const { host, port } = at;
  const local = from === undefined ? {} : { localAddress: from };
  const socket: Socket =
    at.transport === 'tls'
      ? connectTls({ host, port, rejectUnauthorized: false, ...local })
      : connect({ host, port, ...local });
  socket.on('error', () => undefined);
  socket.on('close', onClose);
  await once(socket, at.transport === 'tls' ? 'secureConnect' : 'connect');
  if (firstBytes !== undefined) socket.write(firstBytes);
  let held = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    held = Buffer.concat([held, chunk]);
    for (let length = messageBytes(held); length > 0 && held.length >= length; length = messageBytes(held)) {
      onMessage(held.subarray(0, length));
      held = held.subarray(length);
    }
  });
  return {
    isStream: true,
    local: { address: socket.localAddress!, port: socket.localPort! },
    send: (bytes) => socket.write(bytes),
    pause: () => socket.pause(),
    close: () => socket.destroy(),
  };
}

function messageBytes(held: Buffer): number {
  if (held.length < 4) return 0;
  const length = held.readUInt16BE(2);
  return held[0]! < 0x40 ? 20 + length : Math.ceil((4 + length) / 4) * 4;
}
