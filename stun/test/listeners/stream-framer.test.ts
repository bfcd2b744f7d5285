import fc from 'fast-check';
import { StreamFramer } from '../../src/listeners/stream-framer.ts';
import { channelData, encode } from '../contracts/stun-message.ts';

function framed(chunks: readonly Buffer[], isStranger = false): { messages: string[]; isFine: boolean } {
  const messages: string[] = [];
  const framer = new StreamFramer(
    (data, start, end) => messages.push(data.toString('hex', start, end)),
    () => isStranger,
  );
  return { isFine: chunks.every((chunk) => framer.push(chunk)), messages };
}

const message = fc.oneof(
  fc.uint8Array({ maxLength: 40 }).map((data) => channelData(0x4001, Buffer.from(data), true)),
  fc
    .uint8Array({ maxLength: 40 })
    .map((data) => encode({ method: 'binding', attributes: [[0x8022, Buffer.from(data)]] })),
);

describe('StreamFramer', () => {
  it('stops behind the message that made it stop, and goes on there', () => {
    const messages: string[] = [];
    let isHeld = false;
    const framer = new StreamFramer(
      (data, start, end) => {
        messages.push(data.toString('latin1', start + 4, end));
        isHeld = messages.length % 2 === 0;
      },
      () => false,
      () => isHeld,
    );
    const stream = Buffer.concat(
      ['a001', 'a002', 'a003', 'a004', 'a005'].map((text) => channelData(0x4000, Buffer.from(text))),
    );
    framer.push(stream.subarray(0, 30)); // the fourth is cut
    expect(messages).toEqual(['a001', 'a002']);
    framer.push(stream.subarray(30));
    expect([messages.length, framer.bytes]).toEqual([2, stream.length - 16]);
    isHeld = false;
    expect(framer.goOn()).toBe(true);
    expect(messages).toEqual(['a001', 'a002', 'a003', 'a004']);
    isHeld = false;
    framer.goOn();
    expect(messages.at(-1)).toBe('a005');
    expect(framer.bytes).toBe(0);
  });

  it('finds the same messages however the stream is cut', () => {
    fc.assert(
      fc.property(
        fc.array(message, { maxLength: 12 }),
        fc.array(fc.integer({ min: 1, max: 50 })),
        (messages, cuts) => {
          const stream = Buffer.concat(messages);
          const chunks: Buffer[] = [];
          let at = 0;
          for (const cut of cuts) {
            chunks.push(stream.subarray(at, at + cut));
            at += cut;
          }
          chunks.push(stream.subarray(at));
          expect(framed(chunks)).toEqual({
            isFine: true,
            messages: messages.map((one) => one.toString('hex')),
          });
        },
      ),
    );
  });

  it('finds them byte by byte, the longest too', () => {
    const messages = [
      channelData(0x4fff, Buffer.alloc(65_535, 7), true),
      channelData(0x4000, Buffer.alloc(0)),
    ];
    const bytes = [...Buffer.concat(messages)].map((byte) => Buffer.from([byte]));
    expect(framed(bytes).messages).toEqual(messages.map((one) => one.toString('hex')));
  });

  it.each([
    ['TLS on the plain port', Buffer.from('16030100a5010000a1', 'hex')],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\n')],
    ['SSH', Buffer.from('SSH-2.0-x')],
    ['ChannelData', channelData(0x4000, Buffer.from('x'), true)],
    ['a long STUN message', encode({ method: 'binding', attributes: [[0x8022, Buffer.alloc(3_000)]] })],
    ['a length that is no multiple of 4', Buffer.from('000100032112a442', 'hex')],
    ['bytes above 0x7f', Buffer.from('80', 'hex')],
  ])('hears no stranger out who sends %s, whole or byte by byte', (_name, bytes) => {
    expect(framed([bytes], true)).toEqual({ isFine: false, messages: [] });
    expect(
      framed(
        [...bytes].map((byte) => Buffer.from([byte])),
        true,
      ),
    ).toEqual({ isFine: false, messages: [] });
  });

  it('lets a stranger send an Allocate', () => {
    const allocate = encode({ method: 'allocate', attributes: [[0x8022, Buffer.alloc(1_000)]] });
    expect(framed([allocate], true)).toEqual({ isFine: true, messages: [allocate.toString('hex')] });
  });
});
