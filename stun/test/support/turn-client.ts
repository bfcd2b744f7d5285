// A TURN client over UDP for tests and benchmarks: one request at a time, no retransmission (everything is on loopback).
import { randomBytes } from 'node:crypto';
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { Endpoint } from '../../src/engine.ts';
import { longTermKey } from '../../src/native/integrity.ts';
import { MessageReader } from '../../src/native/message-reader.ts';
import { MessageWriter } from '../../src/native/message-writer.ts';
import { PacketArena } from '../../src/native/packet-arena.ts';
import { ATTRIBUTE, CLASS, METHOD, PROTOCOL_UDP } from '../../src/native/vocabulary.ts';

const ANSWER_MS = 1_000;

export interface User {
  readonly username: string;
  readonly password: string;
}

/** A response, read to the end: the reader belongs to it alone. */
export interface Response {
  readonly code: number;
  readonly message: MessageReader;
  readonly bytes: Buffer;
}

export interface Received {
  readonly payload: Buffer;
  readonly from: number | Endpoint;
}

type Write = (writer: MessageWriter) => unknown;

export class TurnClient {
  readonly socket: Socket;
  readonly #server: Endpoint;
  readonly #writer = new MessageWriter(new PacketArena());
  readonly #waiting = new Map<string, (response: Response) => void>();
  readonly #received: Received[] = [];
  #onReceived: ((received: Received) => void) | undefined;
  #key: Buffer | undefined;
  #user: User | undefined;
  #realm = Buffer.alloc(0);
  #nonce = Buffer.alloc(0);

  private constructor(server: Endpoint, socket: Socket) {
    this.#server = server;
    this.socket = socket;
    socket.on('message', (data, from) => this.#receive(data, from));
  }

  static async open(server: Endpoint, host = '127.0.0.1'): Promise<TurnClient> {
    const socket = createSocket('udp4');
    socket.bind(0, host);
    await once(socket, 'listening');
    return new TurnClient(server, socket);
  }

  close(): void {
    this.socket.close();
  }

  send(data: Buffer): void {
    this.socket.send(data, this.#server.port, this.#server.host);
  }

  /** One message, signed where there is a key. */
  message(messageClass: number, method: number, write: Write, transactionId = randomBytes(12)): Buffer {
    const writer = this.#writer.begin(messageClass, method, transactionId, 70_000);
    write(writer);
    if (this.#key !== undefined && messageClass === CLASS.request) {
      writer.bytes(ATTRIBUTE.username, Buffer.from(this.#user!.username));
      writer.bytes(ATTRIBUTE.realm, this.#realm);
      writer.bytes(ATTRIBUTE.nonce, this.#nonce);
      writer.integrity('sha1', this.#key);
    }
    writer.fingerprint().finish();
    return Buffer.from(writer.data.subarray(writer.start, writer.end));
  }

  /** Sends a request and waits for its response; rejects after a second of silence. */
  request(method: number, write: Write = () => undefined): Promise<Response> {
    return this.exchange(this.message(CLASS.request, method, write));
  }

  exchange(request: Buffer): Promise<Response> {
    const id = request.toString('hex', 8, 20);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new Error(`No answer to ${request.toString('hex', 0, 2)} within ${ANSWER_MS} ms`));
      }, ANSWER_MS);
      this.#waiting.set(id, (response) => {
        clearTimeout(timer);
        resolve(response);
      });
      this.send(request);
    });
  }

  /** Takes realm and nonce from a 401 and signs from then on. */
  async login(user: User): Promise<void> {
    const { message } = await this.request(METHOD.allocate, wantUdp);
    this.#realm = Buffer.from(message.bytes(ATTRIBUTE.realm)!);
    this.#nonce = Buffer.from(message.bytes(ATTRIBUTE.nonce)!);
    this.#user = user;
    this.#key = longTermKey(user.username, this.#realm.toString(), user.password);
  }

  /** Logs in and allocates; the relayed address. */
  async allocate(user: User): Promise<Endpoint> {
    await this.login(user);
    const { code, message } = await this.request(METHOD.allocate, wantUdp);
    if (code !== 0) throw new Error(`Cannot allocate: ${code}`);
    const { address, port } = message.xorAddress(message.find(ATTRIBUTE.xorRelayedAddress))!;
    return { host: address, port };
  }

  permit({ host, port }: Endpoint): Promise<Response> {
    return this.request(METHOD.createPermission, (writer) =>
      writer.xorAddress(ATTRIBUTE.xorPeerAddress, host, port),
    );
  }

  bind(channel: number, { host, port }: Endpoint): Promise<Response> {
    return this.request(METHOD.channelBind, (writer) =>
      writer
        .number(ATTRIBUTE.channelNumber, channel * 65_536)
        .xorAddress(ATTRIBUTE.xorPeerAddress, host, port),
    );
  }

  refresh(seconds: number): Promise<Response> {
    return this.request(METHOD.refresh, (writer) => writer.number(ATTRIBUTE.lifetime, seconds));
  }

  indicate({ host, port }: Endpoint, payload: Buffer): void {
    this.send(
      this.message(CLASS.indication, METHOD.send, (writer) =>
        writer.xorAddress(ATTRIBUTE.xorPeerAddress, host, port).bytes(ATTRIBUTE.data, payload),
      ),
    );
  }

  sendOnChannel(channel: number, payload: Buffer): void {
    this.send(channelData(channel, payload));
  }

  /** The next payload from a peer: by channel, or by Data indication with the peer's address. */
  async receive(withinMs = ANSWER_MS): Promise<Received> {
    const first = this.#received.shift();
    if (first !== undefined) return first;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#onReceived = undefined;
        reject(new Error(`Nothing received within ${withinMs} ms`));
      }, withinMs);
      this.#onReceived = (received) => {
        clearTimeout(timer);
        this.#onReceived = undefined;
        resolve(received);
      };
    });
  }

  #receive(data: Buffer, from: RemoteInfo): void {
    if (from.port !== this.#server.port) return;
    if (data[0]! >= 0x40) {
      this.#deliver({ payload: data.subarray(4, 4 + data.readUInt16BE(2)), from: data.readUInt16BE(0) });
      return;
    }
    const message = new MessageReader();
    if (!message.read(data, 0, data.length))
      throw new Error(`The server sent no STUN: ${data.toString('hex')}`);
    if (message.class === CLASS.indication) {
      const { address, port } = message.xorAddress(message.find(ATTRIBUTE.xorPeerAddress))!;
      this.#deliver({ payload: message.bytes(ATTRIBUTE.data)!, from: { host: address, port } });
      return;
    }
    const id = message.transactionId.toString('hex');
    const error = message.bytes(ATTRIBUTE.errorCode);
    this.#waiting.get(id)?.({
      code: error === undefined ? 0 : error[2]! * 100 + error[3]!,
      message,
      bytes: data,
    });
    this.#waiting.delete(id);
  }

  #deliver(received: Received): void {
    if (this.#onReceived) this.#onReceived(received);
    else this.#received.push(received);
  }
}

export const wantUdp: Write = (writer) => writer.number(ATTRIBUTE.requestedTransport, PROTOCOL_UDP * 2 ** 24);

export function channelData(channel: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16BE(channel, 0);
  head.writeUInt16BE(payload.length, 2);
  return Buffer.concat([head, payload]);
}
