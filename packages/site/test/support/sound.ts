// A sound file of any size that browsers play: noise without compression, so that it is made as fast as a disk writes.
import { createCipheriv } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';

const CHANNELS = 8;
const HERTZ = 192_000;
const SAMPLE_BYTES = 4;
const SOUND_BYTES_PER_SECOND = CHANNELS * HERTZ * SAMPLE_BYTES;
const PART_BYTES = 4_194_304;
const HEADER_BYTES = 44;

/** WAV (RIFF, PCM of 32 bits); at most 4 GB, which is what its header can say. */
export async function makeSound(file: string, bytes: number): Promise<void> {
  const header = Buffer.alloc(HEADER_BYTES);
  header.write('RIFF', 0);
  header.writeUInt32LE(bytes - 8, 4);
  header.write('WAVEfmt ', 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20); // PCM
  header.writeUInt16LE(CHANNELS, 22);
  header.writeUInt32LE(HERTZ, 24);
  header.writeUInt32LE(SOUND_BYTES_PER_SECOND, 28);
  header.writeUInt16LE(CHANNELS * SAMPLE_BYTES, 32);
  header.writeUInt16LE(SAMPLE_BYTES * 8, 34);
  header.write('data', 36);
  header.writeUInt32LE(bytes - HEADER_BYTES, 40);

  const noise = createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16));
  const nothing = Buffer.alloc(PART_BYTES);
  const out = createWriteStream(file);
  out.write(header);
  for (let left = bytes - HEADER_BYTES; left > 0; left -= PART_BYTES) {
    const part = noise.update(left < PART_BYTES ? nothing.subarray(0, left) : nothing);
    if (!out.write(part)) await once(out, 'drain');
  }
  out.end();
  await once(out, 'finish');
}
