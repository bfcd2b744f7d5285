import type { Writable } from 'node:stream';
import * as ws from 'ws';
import { PING_FRAME, textFrame } from '../src/ws-frame.ts';

// The library has it but its declarations do not.
const { Receiver } = ws as unknown as { Receiver: new (options: object) => Writable };

/** What another implementation reads from the bytes. */
function read(frame: Buffer): Promise<string> {
  const receiver = new Receiver({ isServer: false });
  return new Promise((resolve, reject) => {
    receiver.on('message', (data: Buffer, isBinary: boolean) => {
      if (isBinary) reject(new Error('Cannot read text: found a binary frame'));
      else resolve(data.toString());
    });
    receiver.on('error', reject);
    receiver.write(frame);
  });
}

describe('textFrame()', () => {
  it.each([1, 125, 126, 127, 65_535, 65_536, 200_000])(
    'frames %i bytes so that ws reads them',
    async (length) => {
      const text = 'x'.repeat(length);
      expect(await read(textFrame(text))).toBe(text);
    },
  );

  it('counts bytes, not characters', async () => {
    const text = 'ä'.repeat(100); // 200 bytes: another kind of length than 100
    expect(await read(textFrame(text))).toBe(text);
  });

  it('is the example of RFC 6455 §5.7', () => {
    expect(textFrame('Hello')).toEqual(Buffer.from([0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f]));
  });
});

it('keeps no memory of others with a small frame', () => {
  expect(textFrame('Hello').buffer.byteLength).toBe(7);
});

it('frames a ping (RFC 6455 §5.5.2)', () => {
  expect(PING_FRAME).toEqual(Buffer.from([0x89, 0x00]));
});
