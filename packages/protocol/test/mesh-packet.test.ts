import fc from 'fast-check';
import { ProtocolError } from '../src/fields.ts';
import { ByteReader, ByteWriter, fromHex, toHex } from '../src/mesh-bytes.ts';
import {
  CHUNK_BYTES_MAX,
  readLinkFrame,
  readPacket,
  readStatus,
  writeLinkFrame,
  writePacket,
  writeStatus,
  type LinkFrame,
  type Packet,
} from '../src/mesh-packet.ts';

const number = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const hex = (bytes: number) => fc.uint8Array({ minLength: bytes, maxLength: bytes }).map(toHex);
const packetId = fc.record({ source: hex(8), epoch: number, seq: number, chunk: fc.nat({ max: 4_095 }) });

const packet: fc.Arbitrary<Packet> = fc
  .record({
    kind: fc.constantFrom('tree' as const, 'flood' as const, 'status' as const),
    source: hex(32),
    epoch: number,
    seq: number,
    chunk: fc.nat({ max: 20 }),
    order: number,
    payload: fc.uint8Array({ maxLength: 300 }),
  })
  .map((one) => ({ ...one, chunks: one.chunk + 1 }));

const frame: fc.Arbitrary<LinkFrame> = fc.oneof(
  fc.record({
    type: fc.constant('packet' as const),
    hops: fc.nat({ max: 255 }),
    isRepair: fc.boolean(),
    route: fc.uint8Array({ maxLength: 40 }),
    packet: fc.uint8Array({ maxLength: 40 }),
    signature: fc.uint8Array({ minLength: 64, maxLength: 64 }),
  }),
  fc.record({
    type: fc.constant('have' as const),
    packets: fc.array(fc.tuple(packetId, number).map(([id, bytes]) => ({ ...id, bytes }))),
  }),
  fc.record({ type: fc.constant('want' as const), packets: fc.array(packetId) }),
  fc.record({ type: fc.constantFrom('ping' as const, 'pong' as const), token: number }),
  fc.record({
    type: fc.constant('digest' as const),
    statuses: fc.array(fc.record({ member: hex(8), epoch: number, seq: number })),
  }),
);

describe('bytes', () => {
  it('gives back every number', () => {
    fc.assert(
      fc.property(number, (value) => {
        const bytes = new ByteWriter().varint(value).finish();
        expect(new ByteReader(bytes).varint()).toBe(value);
      }),
    );
  });

  it('refuses a number that is larger than it may be, or than a number can be', () => {
    const bytes = new ByteWriter().varint(301).finish();
    expect(() => new ByteReader(bytes).varint(300)).toThrow(ProtocolError);
    expect(() => new ByteReader(new Uint8Array(9).fill(255)).varint()).toThrow(ProtocolError);
  });
});

describe('packets', () => {
  it('are read as they were written', () => {
    fc.assert(fc.property(packet, (one) => expect(readPacket(writePacket(one))).toEqual(one)));
  });

  it('have a receiver where they are direct', () => {
    const direct: Packet = {
      kind: 'direct',
      source: 'ab'.repeat(32),
      epoch: 1,
      seq: 2,
      chunk: 0,
      chunks: 1,
      order: 0,
      target: 'cd'.repeat(8),
      payload: fromHex('0102'),
    };
    expect(readPacket(writePacket(direct))).toEqual(direct);
  });

  it.each([
    ['an unknown kind', (bytes: Uint8Array) => bytes.fill(9, 0, 1)],
    ['a chunk past the last', (bytes: Uint8Array) => bytes.fill(7, 35, 36)],
    [
      'too long a payload',
      (bytes: Uint8Array) => new Uint8Array([...bytes, ...new Uint8Array(CHUNK_BYTES_MAX + 1)]),
    ],
  ])('are refused with %s', (_case, spoil) => {
    const bytes = writePacket({
      kind: 'tree',
      source: 'ab'.repeat(32),
      epoch: 1,
      seq: 2,
      chunk: 0,
      chunks: 1,
      order: 0,
      payload: new Uint8Array(),
    });
    expect(() => readPacket(spoil(bytes))).toThrow(ProtocolError);
  });
});

describe('frames of a link', () => {
  it('are read as they were written', () => {
    fc.assert(fc.property(frame, (one) => expect(readLinkFrame(writeLinkFrame(one))).toEqual(one)));
  });

  it('are read or refused, whatever they are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          readLinkFrame(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
      }),
    );
  });

  it('are refused where they end early', () => {
    const whole = writeLinkFrame({
      type: 'want',
      packets: [{ source: 'ab'.repeat(8), epoch: 300, seq: 300, chunk: 1 }],
    });
    for (let length = 0; length < whole.length; length++) {
      expect(() => readLinkFrame(whole.slice(0, length))).toThrow(ProtocolError);
    }
  });
});

describe('statuses', () => {
  it('are read as they were written', () => {
    const links = [
      { peer: '01'.repeat(8), rttMs: 12 },
      { peer: 'fe'.repeat(8), rttMs: 60_000 },
    ];
    expect(readStatus(writeStatus(links, false))).toEqual({ links, isLeaving: false });
    expect(readStatus(writeStatus([], true))).toEqual({ links: [], isLeaving: true });
  });

  it('have no more links than a member can have', () => {
    const links = Array.from({ length: 65 }, () => ({ peer: '01'.repeat(8), rttMs: 1 }));
    expect(() => readStatus(writeStatus(links, false))).toThrow(ProtocolError);
  });
});
