import fc from 'fast-check';
import { closeFrameAt, FrameMeter, type FrameSink } from '@relay-swarm/net/frame-meter';

/** A masked frame, as a client sends it. */
function frame(opcode: number, payload: Buffer, isLast = true): Buffer {
  const { length } = payload;
  const head =
    length < 126
      ? Buffer.from([(isLast ? 0x80 : 0) | opcode, 0x80 | length])
      : length < 65_536
        ? Buffer.from([(isLast ? 0x80 : 0) | opcode, 0xfe, length >> 8, length & 0xff])
        : Buffer.concat([Buffer.from([(isLast ? 0x80 : 0) | opcode, 0xff, 0, 0, 0, 0]), uint32(length)]);
  return Buffer.concat([head, Buffer.from([0, 0, 0, 0]), payload]);
}
function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

class Sink implements FrameSink {
  readonly passed: Buffer[] = [];
  control = 0;
  fragments = 0;
  isShut = false;
  pass(bytes: Buffer): void {
    this.passed.push(Buffer.from(bytes));
  }
  mayPass({ control, fragments }: { control: number; fragments: number }): boolean {
    this.control += control;
    this.fragments += fragments;
    return !this.isShut;
  }
}

const MAX = 70_000;
const TEXT = 1;
const PING = 9;
const PONG = 10;

describe('FrameMeter', () => {
  it('hands on the same bytes, in whole frames, however they are cut', () => {
    const part = fc.record({
      opcode: fc.constantFrom(TEXT, 2, PING, PONG, 0),
      size: fc.oneof(fc.nat(10), fc.nat(130), fc.constantFrom(125, 126, 127, 65_535, 65_536)),
      isLast: fc.boolean(),
    });
    fc.assert(
      fc.property(
        fc.array(part, { maxLength: 8 }),
        fc.array(fc.nat(400), { maxLength: 30 }),
        (parts, cuts) => {
          const frames = parts.map(({ opcode, size, isLast }) =>
            frame(opcode, Buffer.alloc(size, opcode), opcode >= 8 || isLast),
          );
          const bytes = Buffer.concat(frames);
          const ends = new Set(frames.map((_, index) => Buffer.concat(frames.slice(0, index + 1)).length));
          const [meter, sink] = [new FrameMeter(MAX), new Sink()];
          let at = 0;
          for (const cut of [...cuts, bytes.length]) {
            const end = Math.min(bytes.length, at + cut);
            if (end > at) meter.take(Buffer.from(bytes.subarray(at, end)), sink);
            at = end;
          }
          expect(Buffer.concat(sink.passed).equals(bytes)).toBe(true);
          let passed = 0;
          for (const piece of sink.passed) expect(ends.has((passed += piece.length))).toBe(true);
          expect(sink.control).toBe(parts.filter(({ opcode }) => opcode >= 8).length);
          const data = parts.filter(({ opcode }) => opcode < 8);
          expect(sink.fragments).toBe(data.filter((one) => !one.isLast || one.opcode === 0).length);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('keeps of fragments between large control frames no more than themselves', () => {
    const meter = new FrameMeter(MAX);
    const kept: Buffer[] = [];
    const sink = { pass: (bytes: Buffer) => void kept.push(bytes), mayPass: () => true };
    const pongs = Buffer.concat(Array.from({ length: 400 }, () => frame(PONG, Buffer.alloc(100))));
    for (let count = 0; count < 50; count++)
      meter.take(Buffer.concat([frame(count === 0 ? TEXT : 0, Buffer.alloc(1), false), pongs]), sink);
    const fragments = kept.filter((bytes) => (bytes[0]! & 0xf) < 8);
    expect(fragments).toHaveLength(50);
    for (const bytes of fragments) expect(bytes.buffer.byteLength).toBe(7);
    expect([meter.isUnfinished, meter.heldBytes]).toEqual([true, 50 * 7]);
  });

  it('keeps of a frame in pieces little more than what has come of it', () => {
    const [meter, sink] = [new FrameMeter(MAX), new Sink()];
    const whole = frame(TEXT, Buffer.alloc(60_000, 7));
    for (let at = 0; at < 10_000; at++) meter.take(whole.subarray(at, at + 1), sink);
    expect(meter.heldBytes).toBeLessThanOrEqual(20_000);
    meter.take(whole.subarray(10_000), sink);
    expect([meter.isUnfinished, meter.heldBytes, sink.passed.length]).toEqual([false, 0, 1]);
    expect(sink.passed[0]!.equals(whole)).toBe(true);
  });

  it('hands on a frame that is too large by its header, so that the library can refuse it, and gathers none of it', () => {
    for (const cut of [1, 5, 14]) {
      const [meter, sink] = [new FrameMeter(1_000), new Sink()];
      const large = frame(TEXT, Buffer.alloc(66_000));
      meter.take(large.subarray(0, cut), sink);
      meter.take(large.subarray(cut, 100), sink);
      meter.take(large.subarray(100), sink);
      expect([Buffer.concat(sink.passed).equals(large), meter.heldBytes]).toEqual([true, 0]);
    }
  });

  it('asks before it hands on, and hands on nothing of what may not pass', () => {
    const [meter, sink] = [new FrameMeter(MAX), new Sink()];
    sink.isShut = true;
    meter.take(Buffer.concat(Array.from({ length: 50 }, () => frame(PING, Buffer.alloc(0)))), sink);
    expect([sink.control, sink.passed]).toEqual([50, []]);
  });

  it('finds a close frame between others', () => {
    const text = frame(TEXT, Buffer.alloc(200));
    expect(
      closeFrameAt(Buffer.concat([text, frame(PONG, Buffer.alloc(3)), frame(8, Buffer.alloc(2)), text])),
    ).toBe(text.length + 9);
    expect(closeFrameAt(text)).toBe(-1);
  });
});
