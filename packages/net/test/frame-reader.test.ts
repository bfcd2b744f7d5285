// Our reader of frames beside the one of `ws`: the same bytes, cut in the same places, must mean the same.
import type { EventEmitter } from 'node:events';
import { FrameReader, OPCODE, type FrameFault, type FrameSink } from '@relay-swarm/net/frame-reader';
import fc from 'fast-check';
import * as ws from 'ws';
import { clientFrame, closePayload } from './support/client-frames.ts';

/** Exported by the library; its published types know nothing of it. */
interface Receiver extends EventEmitter {
  _write(
    chunk: Buffer,
    encoding: string,
    callback: (error?: (Error & { code?: string }) | null) => void,
  ): void;
}
const { Receiver } = ws as unknown as { Receiver: new (options: object) => Receiver };

const LIMITS = { messageBytesMax: 70_000, fragmentsMax: 6 };

class Sink implements FrameSink {
  partial: FrameSink['partial'] = undefined;
  isReading = true;
  readonly seen: unknown[] = [];
  /** Control frames and fragments that are paid for. */
  paidFor = Infinity;

  message(payload: Buffer, isBinary: boolean): void {
    this.seen.push([isBinary ? 'binary' : 'text', payload.toString('latin1')]);
  }
  control(opcode: number, payload: Buffer): void {
    if (opcode !== OPCODE.close)
      this.seen.push([opcode === OPCODE.ping ? 'ping' : 'pong', payload.toString('latin1')]);
    else
      this.seen.push([
        'close',
        payload.length < 2 ? 1005 : payload.readUInt16BE(0),
        payload.toString('latin1', 2),
      ]);
  }
  mayRead(): boolean {
    this.isReading &&= --this.paidFor >= 0;
    return this.isReading;
  }
  broken({ name }: FrameFault): void {
    this.seen.push(['fault', name]);
  }
}

function ours(chunks: readonly Buffer[]): unknown[] {
  const [reader, sink] = [new FrameReader(LIMITS), new Sink()];
  for (const chunk of chunks) {
    const shared = Buffer.from(chunk);
    reader.read(sink, shared);
    shared.fill(0xee); // its memory is somebody else's now
  }
  return sink.seen;
}

function theirs(chunks: readonly Buffer[]): unknown[] {
  const seen: unknown[] = [];
  const receiver = new Receiver({
    isServer: true,
    maxPayload: LIMITS.messageBytesMax,
    maxFragments: LIMITS.fragmentsMax,
    allowSynchronousEvents: true,
  });
  receiver
    .on('message', (data: Buffer, isBinary: boolean) =>
      seen.push([isBinary ? 'binary' : 'text', data.toString('latin1')]),
    )
    .on('ping', (data: Buffer) => seen.push(['ping', data.toString('latin1')]))
    .on('pong', (data: Buffer) => seen.push(['pong', data.toString('latin1')]))
    .on('conclude', (code: number, reason: Buffer) => seen.push(['close', code, reason.toString('latin1')]))
    .on('error', () => undefined);
  let isOver = false;
  for (const chunk of chunks) {
    if (isOver) break;
    // Written to directly: a stream would tell the fault later.
    receiver._write(Buffer.from(chunk), 'buffer', (error) => {
      if (!error || isOver) return;
      isOver = true;
      seen.push(['fault', error.code]);
    });
    isOver ||= seen.some((one) => (one as unknown[])[0] === 'close');
  }
  return seen;
}

/** Cuts bytes at places given as shares of their length. */
function cut(bytes: Buffer, shares: readonly number[]): Buffer[] {
  const places = [...new Set(shares.map((share) => Math.floor(share * bytes.length)))].sort((a, b) => a - b);
  return [0, ...places].map((start, index) => bytes.subarray(start, places[index] ?? bytes.length));
}

const payload = fc.oneof(
  { weight: 4, arbitrary: fc.string({ maxLength: 60, unit: 'binary' }).map((text) => Buffer.from(text)) },
  { weight: 2, arbitrary: fc.uint8Array({ maxLength: 40 }) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(47, 48, 124, 125, 126, 127, 4_000, 65_535, 65_536, 69_999, 70_000, 70_001),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(1000, 1005, 1011, 2999, 3000, 4999).map((c) => closePayload(c, 'bye')),
  },
);
const frame = fc
  .record({
    opcode: fc.oneof(
      { weight: 8, arbitrary: fc.constantFrom(0, 0, 1, 1, 2, 9, 10) },
      { weight: 1, arbitrary: fc.constantFrom(8, 3, 7, 11, 15) },
    ),
    payload,
    isFinal: fc.boolean(),
    reserved: fc.oneof({ weight: 30, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(7) }),
    mask: fc.option(fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255)), {
      nil: undefined,
      freq: 30,
    }),
    isLongForm: fc.oneof(
      { weight: 6, arbitrary: fc.constant(false) },
      { weight: 1, arbitrary: fc.constant(true) },
    ),
  })
  .map(({ payload, isLongForm, ...parts }) => {
    const bytes = typeof payload === 'number' ? Buffer.alloc(payload, 'z') : payload;
    const isFinal = parts.opcode >= 8 ? parts.isFinal || parts.reserved === 0 : parts.isFinal;
    return clientFrame({ ...parts, isFinal, payload: bytes, ...(isLongForm ? { lengthBytes: 9 } : {}) });
  });
const stream = fc
  .tuple(fc.array(frame, { maxLength: 12 }), fc.uint8Array({ maxLength: 12 }))
  .map(([frames, tail]) => Buffer.concat([...frames, tail]));
const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), { maxLength: 12 });

describe('FrameReader', () => {
  it('reads whatever comes as `ws` does, however it is cut', () => {
    fc.assert(
      fc.property(stream, cuts, (bytes, shares) => {
        const chunks = cut(bytes, shares);
        expect(ours(chunks)).toEqual(theirs(chunks));
      }),
      { numRuns: 600 },
    );
  });

  it('reads it byte by byte as `ws` does', () => {
    const small = fc.array(frame, { maxLength: 6 }).map((frames) => Buffer.concat(frames).subarray(0, 600));
    fc.assert(
      fc.property(small, (bytes) => {
        const chunks = Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
        expect(ours(chunks)).toEqual(theirs(chunks));
      }),
      { numRuns: 300 },
    );
  });

  it('keeps nothing between whole messages, and little of what is not whole', () => {
    const [reader, sink] = [new FrameReader(LIMITS), new Sink()];
    const text = clientFrame({ opcode: OPCODE.text, payload: 'x'.repeat(5_000) });
    reader.read(sink, text.subarray(0, 3));
    expect(sink.partial!.heldBytes).toBeLessThan(1_000);
    reader.read(sink, text.subarray(3, 2_000));
    expect(sink.partial!.heldBytes).toBeLessThan(6_000);
    reader.read(sink, text.subarray(2_000));
    expect([sink.partial, sink.seen.length]).toEqual([undefined, 1]);
  });

  it('copies a fragment out of what was read, and counts it', () => {
    const [reader, sink] = [new FrameReader(LIMITS), new Sink()];
    const read = Buffer.concat([
      clientFrame({ opcode: OPCODE.text, payload: 'a', isFinal: false }),
      ...Array.from({ length: 100 }, () => clientFrame({ opcode: OPCODE.pong, payload: 'x'.repeat(125) })),
    ]);
    reader.read(sink, read);
    const { fragments, heldBytes } = sink.partial!;
    expect(fragments.map(({ buffer }) => buffer.byteLength)).toEqual([1]);
    expect(heldBytes).toBeGreaterThan(100);
  });

  it('looks only at the close frame of one that is being closed', () => {
    const [reader, sink] = [new FrameReader(LIMITS), new Sink()];
    sink.isReading = false;
    const after = [
      clientFrame({ opcode: OPCODE.text, payload: 'late' }),
      clientFrame({ opcode: OPCODE.ping, payload: 'late' }),
      clientFrame({ opcode: OPCODE.close, payload: closePayload(1000) }),
      clientFrame({ opcode: OPCODE.text, payload: 'later' }),
    ];
    for (const bytes of after) reader.read(sink, bytes);
    expect(sink.seen).toEqual([['close', 1000, '']]);
  });

  it('asks before each control frame and fragment, and reads no further where it may not', () => {
    const [reader, sink] = [new FrameReader(LIMITS), new Sink()];
    sink.paidFor = 3;
    const pong = clientFrame({ opcode: OPCODE.pong });
    const text = clientFrame({ opcode: OPCODE.text, payload: 'free' });
    reader.read(sink, Buffer.concat([pong, text, pong, text, pong, pong, text]));
    expect(sink.seen.map((one) => (one as string[])[0])).toEqual(['pong', 'text', 'pong', 'text', 'pong']);
  });
});
