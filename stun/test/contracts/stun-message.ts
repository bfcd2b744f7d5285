// STUN messages for tests, written and read without the code under test.
import { createHmac, randomBytes } from 'node:crypto';
import { isIPv4, SocketAddress } from 'node:net';
import { crc32 } from 'node:zlib';

export const METHODS = {
  binding: 1,
  allocate: 3,
  refresh: 4,
  send: 6,
  data: 7,
  createPermission: 8,
  channelBind: 9,
} as const;
export type Method = keyof typeof METHODS;
export type MessageClass = 'request' | 'indication' | 'success' | 'error';
const CLASS_BITS = { request: 0, indication: 0x10, success: 0x100, error: 0x110 } as const;

export type Attribute = readonly [type: number, value: Buffer];

export interface MessageInit {
  readonly class?: MessageClass;
  readonly method: Method | number;
  readonly transactionId?: Buffer;
  readonly attributes?: readonly Attribute[];
  readonly key?: Buffer | undefined;
  readonly hash?: 'sha1' | 'sha256';
  readonly fingerprint?: boolean;
}

const COOKIE = Buffer.from('2112a442', 'hex');

export function encode(init: MessageInit): Buffer {
  const id = init.transactionId ?? randomBytes(12);
  const method = typeof init.method === 'number' ? init.method : METHODS[init.method];
  const type =
    CLASS_BITS[init.class ?? 'request'] | (method & 0xf) | ((method & 0x70) << 1) | ((method & 0xf80) << 2);
  const header = (length: number): Buffer => {
    const head = Buffer.alloc(4);
    head.writeUInt16BE(type, 0);
    head.writeUInt16BE(length, 2);
    return Buffer.concat([head, COOKIE, id]);
  };
  let body = Buffer.concat(
    (init.attributes ?? []).map(([attribute, value]) => encodeAttribute(attribute, value)),
  );
  if (init.key !== undefined) {
    const hash = init.hash ?? 'sha1';
    const bytes = hash === 'sha1' ? 20 : 32;
    const mac = createHmac(hash, init.key)
      .update(header(body.length + 4 + bytes))
      .update(body)
      .digest();
    body = Buffer.concat([body, encodeAttribute(hash === 'sha1' ? 0x0008 : 0x001c, mac)]);
  }
  if (init.fingerprint === true) {
    const value = Buffer.alloc(4);
    const crc = crc32(Buffer.concat([header(body.length + 8), body]));
    value.writeUInt32BE((crc ^ 0x5354554e) >>> 0);
    body = Buffer.concat([body, encodeAttribute(0x8028, value)]);
  }
  return Buffer.concat([header(body.length), body]);
}

function encodeAttribute(type: number, value: Buffer): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16BE(type, 0);
  head.writeUInt16BE(value.length, 2);
  return Buffer.concat([head, value, Buffer.alloc((4 - (value.length % 4)) % 4)]);
}

export interface Message {
  readonly class: MessageClass;
  readonly method: number;
  readonly transactionId: Buffer;
  readonly attributes: readonly Attribute[];
  /** The bytes, to check what seals them. */
  readonly bytes: Buffer;
}

export function decode(bytes: Buffer): Message {
  const type = bytes.readUInt16BE(0);
  if (
    bytes.length < 20 ||
    !bytes.subarray(4, 8).equals(COOKIE) ||
    bytes.readUInt16BE(2) !== bytes.length - 20
  ) {
    throw new Error(`Cannot read a STUN message: found ${bytes.toString('hex')}`);
  }
  const attributes: Attribute[] = [];
  for (let at = 20; at < bytes.length;) {
    const length = bytes.readUInt16BE(at + 2);
    attributes.push([bytes.readUInt16BE(at), bytes.subarray(at + 4, at + 4 + length)]);
    at += 4 + Math.ceil(length / 4) * 4;
  }
  return {
    class: (Object.keys(CLASS_BITS) as MessageClass[]).find((name) => CLASS_BITS[name] === (type & 0x110))!,
    method: (type & 0xf) | ((type & 0xe0) >> 1) | ((type & 0x3e00) >> 2),
    transactionId: bytes.subarray(8, 20),
    attributes,
    bytes,
  };
}

export const valueOf = (message: Message, type: number): Buffer | undefined =>
  message.attributes.find(([one]) => one === type)?.[1];

export function errorCodeOf(message: Message): number | undefined {
  const value = valueOf(message, 0x0009);
  return message.class === 'error' && value !== undefined ? value[2]! * 100 + value[3]! : undefined;
}

/** Whether the message is sealed with the key, and its fingerprint, if it has one, is right. */
export function isSealed(message: Message, key: Buffer, hash: 'sha1' | 'sha256' = 'sha1'): boolean {
  const type = hash === 'sha1' ? 0x0008 : 0x001c;
  const before: Attribute[] = [];
  for (const attribute of message.attributes) {
    if (attribute[0] !== type) {
      before.push(attribute);
      continue;
    }
    const again = encode({
      class: message.class,
      method: message.method,
      transactionId: message.transactionId,
      attributes: before,
      key,
      hash,
      fingerprint: valueOf(message, 0x8028) !== undefined,
    });
    return again.equals(message.bytes);
  }
  return false;
}

export interface Address {
  readonly address: string;
  readonly port: number;
}

export function encodeXorAddress({ address, port }: Address, transactionId: Buffer): Buffer {
  const plain = isIPv4(address) ? Buffer.from(address.split('.').map(Number)) : ipv6Bytes(address);
  const mask = Buffer.concat([COOKIE, transactionId]);
  const head = Buffer.from([0, plain.length === 4 ? 1 : 2, (port >> 8) ^ 0x21, (port & 0xff) ^ 0x12]);
  return Buffer.concat([head, plain.map((byte, at) => byte ^ mask[at]!)]);
}

export function decodeXorAddress(value: Buffer, transactionId: Buffer): Address {
  const mask = Buffer.concat([COOKIE, transactionId]);
  const bytes = value.subarray(4).map((byte, at) => byte ^ mask[at]!);
  const address =
    bytes.length === 4
      ? [...bytes].join('.')
      : Array.from({ length: 8 }, (_, at) => ((bytes[at * 2]! << 8) | bytes[at * 2 + 1]!).toString(16)).join(
          ':',
        );
  return {
    address: new SocketAddress({ address, family: bytes.length === 4 ? 'ipv4' : 'ipv6' }).address,
    port: value.readUInt16BE(2) ^ 0x2112,
  };
}

function ipv6Bytes(address: string): Buffer {
  const [head = '', tail = ''] = address.split('::');
  const front = head === '' ? [] : head.split(':');
  const back = tail === '' ? [] : tail.split(':');
  const zeros = Array<string>(8 - front.length - back.length).fill('0');
  return Buffer.from([...front, ...zeros, ...back].map((group) => group.padStart(4, '0')).join(''), 'hex');
}

export const number32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

/** REQUESTED-TRANSPORT for UDP. */
export const UDP_TRANSPORT: Attribute = [0x0019, Buffer.from([17, 0, 0, 0])];
export const lifetime = (seconds: number): Attribute => [0x000d, number32(seconds)];
export const channelNumber = (number: number): Attribute => [0x000c, number32(number * 0x10000)];
export const family = (value: 1 | 2): Attribute => [0x0017, Buffer.from([value, 0, 0, 0])];
export const evenPort = (reserveNext: boolean): Attribute => [0x0018, Buffer.from([reserveNext ? 0x80 : 0])];

/** XOR-PEER-ADDRESS. */
export const peerAddress = (peer: Address, transactionId: Buffer): Attribute => [
  0x0012,
  encodeXorAddress(peer, transactionId),
];

export function sendIndication(
  peer: Address,
  data: Buffer,
  more: readonly Attribute[] = [],
  transactionId: Buffer = randomBytes(12),
): Buffer {
  const attributes: Attribute[] = [peerAddress(peer, transactionId), [0x0013, data], ...more];
  return encode({ class: 'indication', method: 'send', transactionId, attributes });
}

export function channelData(number: number, data: Buffer, isPadded = false): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16BE(number, 0);
  head.writeUInt16BE(data.length, 2);
  return Buffer.concat([head, data, Buffer.alloc(isPadded ? (4 - (data.length % 4)) % 4 : 0)]);
}
