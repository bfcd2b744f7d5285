// The sample messages of RFC 5769 §2 and RFC 8489 appendix B.1 (as erratum 6268 corrects its length).
import { createHash } from 'node:crypto';
import { addressBytes } from '@relay-swarm/net/ip';
import { hasIntegrity, longTermKey } from '../../src/stun/integrity.ts';
import { MessageReader } from '../../src/stun/message-reader.ts';
import { MessageWriter } from '../../src/stun/message-writer.ts';
import { PacketArena } from '../../src/stun/packet-arena.ts';
import { ATTRIBUTE, CLASS, METHOD } from '../../src/stun/constants.ts';

const bytes = (hex: string): Buffer => Buffer.from(hex.replace(/\s/g, ''), 'hex');

const REQUEST = bytes(`
  00010058 2112a442 b7e7a701bc34d686fa87dfae
  80220010 5354554e207465737420636c69656e74
  00240004 6e0001ff
  80290008 932ff9b151263b36
  00060009 6576746a3a68367659202020
  00080014 9aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2
  80280004 e57a3bcf`);
const IPV4_RESPONSE = bytes(`
  0101003c 2112a442 b7e7a701bc34d686fa87dfae
  8022000b 7465737420766563746f7220
  00200008 0001a147e112a643
  00080014 2b91f599fd9e90c38c7489f92af9ba53f06be7d7
  80280004 c07d4c96`);
const IPV6_RESPONSE = bytes(`
  01010048 2112a442 b7e7a701bc34d686fa87dfae
  8022000b 7465737420766563746f7220
  00200014 0002a1470113a9faa5d3f179bc25f4b5bed2b9d9
  00080014 a382954e4be67bf11784c97c8292c275bfe3ed41
  80280004 c8fb0b4c`);
const LONG_TERM_REQUEST = bytes(`
  00010060 2112a442 78ad3433c6ad72c029da412e
  00060012 e3839ee38388e383aae38383e382afe382b90000
  0015001c 662f2f3439396b39353464364f4c33346f4c39465354767936347341
  0014000b 6578616d706c652e6f726700
  00080014 f67024656dd64a3e02b8e0712e85c9a28ca89666`);
const SHA256_REQUEST = bytes(`
  00010090 2112a442 78ad3433c6ad72c029da412e
  001e0020 4a3cf38fef6992bda952c6780417da0f24819415569e60b205c46e41407f1704
  00150029 6f624d61744a6f7332414141 43662f2f3439396b39353464364f4c33346f4c39465354767936347341000000
  0014000b 6578616d706c652e6f726700
  001d0004 00020000
  001c0020 b5c7bf005b6c52a21c51c5e892f81924136296cb927c43149309278cc6518e65`);

const SHORT_TERM_KEY = Buffer.from('VOkJxbRl1RmTxUk/WvJxBt');
const USERNAME = '\u30DE\u30C8\u30EA\u30C3\u30AF\u30B9';

function read(message: Buffer): MessageReader {
  const reader = new MessageReader();
  expect(reader.read(message, 0, message.length)).toBe(true);
  return reader;
}

describe('RFC 5769', () => {
  it('§2.1: reads the request, its fingerprint and its integrity', () => {
    const reader = read(REQUEST);
    expect(reader.class).toBe(CLASS.request);
    expect(reader.method).toBe(METHOD.binding);
    expect(reader.hasFingerprint).toBe(true);
    expect(reader.text(ATTRIBUTE.software)).toBe('STUN test client');
    expect(reader.text(ATTRIBUTE.username)).toBe('evtj:h6vY');
    expect(hasIntegrity(reader, 'sha1', SHORT_TERM_KEY)).toBe(true);
    expect(hasIntegrity(reader, 'sha1', Buffer.from('another'))).toBe(false);
    expect(reader.unknownTypes()).toEqual([0x0024]);
  });

  it.each([
    ['§2.2', IPV4_RESPONSE, '192.0.2.1'],
    ['§2.3', IPV6_RESPONSE, '2001:db8:1234:5678:11:2233:4455:6677'],
  ])('%s: reads the response and its address', (_section, message, address) => {
    const reader = read(message);
    expect(reader.class).toBe(CLASS.success);
    expect(reader.xorAddress(reader.find(ATTRIBUTE.xorMappedAddress))).toEqual({ address, port: 32853 });
    expect(hasIntegrity(reader, 'sha1', SHORT_TERM_KEY)).toBe(true);
  });

  it.each([
    ['§2.2', IPV4_RESPONSE, '192.0.2.1'],
    ['§2.3', IPV6_RESPONSE, '2001:db8:1234:5678:11:2233:4455:6677'],
  ])('%s: writes the same response, up to its padding', (_section, message, address) => {
    // The samples pad with spaces, we with zeros: so the integrity is that of our own padding.
    const writer = new MessageWriter(new PacketArena())
      .begin(CLASS.success, METHOD.binding, message.subarray(8, 20))
      .bytes(ATTRIBUTE.software, Buffer.from('test vector'))
      .xorAddress(ATTRIBUTE.xorMappedAddress, address, 32853)
      .integrity('sha1', SHORT_TERM_KEY)
      .fingerprint()
      .finish();
    const written = Buffer.from(writer.data.subarray(writer.start, writer.end));
    const attributesEnd = 36 + 4 + (addressBytes(address)!.length + 4);
    const expected = Buffer.from(message.subarray(0, attributesEnd));
    expected[35] = 0;
    expect(written.subarray(0, attributesEnd)).toEqual(expected);
    expect(hasIntegrity(read(written), 'sha1', SHORT_TERM_KEY)).toBe(true);
  });

  it('§2.4: checks long-term credentials', () => {
    const reader = read(LONG_TERM_REQUEST);
    expect(reader.text(ATTRIBUTE.username)).toBe(USERNAME);
    expect(reader.text(ATTRIBUTE.realm)).toBe('example.org');
    expect(hasIntegrity(reader, 'sha1', longTermKey(USERNAME, 'example.org', 'TheMatrIX'))).toBe(true);
  });
});

describe('RFC 8489', () => {
  it('B.1: checks MESSAGE-INTEGRITY-SHA256', () => {
    const key = createHash('sha256').update(`${USERNAME}:example.org:TheMatrIX`).digest();
    const reader = read(SHA256_REQUEST);
    expect(hasIntegrity(reader, 'sha256', key)).toBe(true);
    const damaged = Buffer.from(SHA256_REQUEST);
    damaged[60]! ^= 1;
    expect(hasIntegrity(read(damaged), 'sha256', key)).toBe(false);
  });
});
