import fc from 'fast-check';
import { createHmac } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { hasIntegrity } from '../../src/stun/integrity.ts';
import { ATTRIBUTES_MAX, MessageReader } from '../../src/stun/message-reader.ts';
import { ATTRIBUTE } from '../../src/stun/constants.ts';
import { encode, encodeXorAddress, number32, type Attribute } from '../contracts/stun-message.ts';

const reader = new MessageReader();
const read = (bytes: Buffer): boolean => reader.read(bytes, 0, bytes.length);
const TEXT: Attribute = [0x8022, Buffer.from('abc')];

describe('MessageReader', () => {
  it('finds the values wherever the message lies in its buffer', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0x8100, max: 0xffff }), fc.uint8Array({ maxLength: 50 })), {
          maxLength: 10,
        }),
        fc.nat(20),
        (pairs, before) => {
          const attributes = pairs.map(([type, value]): Attribute => [type, Buffer.from(value)]);
          const message = encode({ method: 'binding', attributes, fingerprint: true });
          const buffer = Buffer.concat([Buffer.alloc(before, 7), message, Buffer.alloc(9, 7)]);
          expect(reader.read(buffer, before, before + message.length)).toBe(true);
          for (const [type, value] of attributes) {
            expect(reader.bytes(type)).toEqual(attributes.find(([one]) => one === type)![1]);
            expect(reader.valueLength(reader.find(type))).toBe(
              attributes.find(([one]) => one === type)![1].length,
            );
            expect(value.length).toBeLessThanOrEqual(50);
          }
        },
      ),
    );
  });

  it.each([
    ['an attribute longer than the message', '000100042112a442' + '0'.repeat(24) + '80220001'],
    ['an attribute whose padding is missing', '000100082112a442' + '0'.repeat(24) + '8022000500000000'],
    ['half an attribute head', '000100022112a442' + '0'.repeat(24) + '8022'],
    ['another cookie in an Allocate', '000300002112a443' + '0'.repeat(24)],
    ['the first bits set', '400100002112a442' + '0'.repeat(24)],
    ['a length too small', '000100002112a442' + '0'.repeat(24) + '80220000'],
    ['a length too large', '000100082112a442' + '0'.repeat(24) + '80220000'],
    ['19 bytes', '000100002112a442' + '0'.repeat(22)],
  ])('refuses %s', (_name, hex) => {
    expect(read(Buffer.from(hex, 'hex'))).toBe(false);
  });

  it('takes a Binding request of RFC 3489, which has no cookie', () => {
    expect(read(Buffer.from('000100000102030405060708090a0b0c0d0e0f10', 'hex'))).toBe(true);
    expect(reader).toMatchObject({ isClassic: true, hasUnknown: false, cookie: 0x01020304 });
  });

  it.each([
    ['nothing', '00000000', []],
    ['another port', '00000002', [0x0003, 0x0003]],
  ])('knows a CHANGE-REQUEST for %s', (_what, value, unknown) => {
    read(Buffer.from(`00010008${'01020304'.repeat(4)}00030004${value}`, 'hex'));
    expect(reader.unknownTypes()).toEqual(unknown); // RFC 3489 wants an even number
  });

  it('refuses a fingerprint that is wrong, not the last, or of another length', () => {
    const message = encode({ method: 'binding', attributes: [TEXT], fingerprint: true });
    expect(read(message)).toBe(true);
    const wrong = Buffer.from(message);
    wrong[25]! ^= 1;
    expect(read(wrong)).toBe(false);
    const followed = Buffer.concat([message, Buffer.from('80220000', 'hex')]);
    followed.writeUInt16BE(followed.length - 20, 2);
    expect(read(followed)).toBe(false);
    // The same, with a fingerprint that is right for the whole message.
    followed.writeUInt32BE((crc32(followed.subarray(0, -12)) ^ 0x5354554e) >>> 0, followed.length - 8);
    expect(read(followed)).toBe(false);
    expect(read(encode({ method: 'binding', attributes: [[0x8028, Buffer.alloc(8)]] }))).toBe(false);
  });

  it('refuses more attributes than anybody sends', () => {
    const many = (count: number): Buffer =>
      encode({ method: 'binding', attributes: Array.from({ length: count }, () => TEXT) });
    expect(read(many(ATTRIBUTES_MAX))).toBe(true);
    expect(read(many(ATTRIBUTES_MAX + 1))).toBe(false);
  });

  it('takes the first of several, and forgets the message before', () => {
    read(
      encode({
        method: 'binding',
        attributes: [
          [0x0006, Buffer.from('alice')],
          [0x0006, Buffer.from('bob')],
        ],
      }),
    );
    expect(reader.text(ATTRIBUTE.username)).toBe('alice');
    read(encode({ method: 'binding' }));
    expect(reader.text(ATTRIBUTE.username)).toBeUndefined();
    expect(reader.hasUnknown).toBe(false);
  });

  it('reads numbers of the right length only', () => {
    read(
      encode({
        method: 'refresh',
        attributes: [
          [0x000d, Buffer.alloc(3)],
          [0x0018, Buffer.alloc(4)],
        ],
      }),
    );
    expect(reader.number(ATTRIBUTE.lifetime, 4)).toBeUndefined();
    expect(reader.number(ATTRIBUTE.evenPort, 1)).toBeUndefined();
    read(encode({ method: 'refresh', attributes: [[0x000d, number32(0xffffffff)]] }));
    expect(reader.number(ATTRIBUTE.lifetime, 4)).toBe(0xffffffff);
  });

  it('reads addresses back, and refuses those of other families and lengths', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.ipV4(), fc.constantFrom('2001:db8::1', '::', 'ff02::1:2')),
        fc.nat(65_535),
        (address, port) => {
          const transactionId = Buffer.alloc(12, 0xa5);
          const value = encodeXorAddress({ address, port }, transactionId);
          read(encode({ method: 'send', transactionId, attributes: [[0x0012, value]] }));
          expect(reader.xorAddress(0)).toEqual({ address, port });
          for (const bad of [
            value.subarray(0, -1),
            Buffer.concat([value, Buffer.alloc(1)]),
            Buffer.from([0, 3, ...value.subarray(2)]),
          ]) {
            read(encode({ method: 'send', transactionId, attributes: [[0x0012, bad]] }));
            expect(reader.xorAddress(0)).toBeUndefined();
          }
        },
      ),
    );
  });

  it.each([
    [32, true],
    [16, true],
    [12, false],
    [0, false],
    [18, false],
    [36, false],
  ])('takes SHA-256 integrity of %i bytes: %s', (bytes, isTaken) => {
    const key = Buffer.from('key');
    const head = encode({ method: 'binding' });
    // The length that goes into the MAC is that of the message with the truncated value.
    head.writeUInt16BE(4 + Math.ceil(bytes / 4) * 4, 2);
    const mac = createHmac('sha256', key).update(head).digest();
    const value = Buffer.concat([mac, Buffer.alloc(32)]).subarray(0, bytes);
    const sealed = encode({
      method: 'binding',
      transactionId: head.subarray(8),
      attributes: [[ATTRIBUTE.messageIntegritySha256, value]],
    });
    expect(read(sealed)).toBe(true);
    expect(hasIntegrity(reader, 'sha256', key)).toBe(isTaken);
  });
});
