// A film for tests, made by ffmpeg: moving bars with a clock, in a format that Chromium and Firefox both play, its index at the front.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

export const FILM_SECONDS = 12;

/** WebM (VP8) of about 1.5 MB. */
export async function makeFilm(): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'film-'));
  const file = join(folder, 'film.webm');
  const args = [
    ...['-v', 'error', '-f', 'lavfi', '-i', `testsrc2=duration=${FILM_SECONDS}:size=320x180:rate=15`],
    ...['-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-b:v', '1M', '-minrate', '1M'],
    ...['-maxrate', '1M', '-g', '15', '-cues_to_front', '1', file],
  ];
  try {
    await promisify(execFile)('ffmpeg', args);
    return await readFile(file);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Subtitles for it, as torrents have them. */
export const FILM_SUBTITLES = `1\r\n00:00:00,000 --> 00:00:05,500\r\n<i>Hello</i> there\r\n\r\n2\r\n00:00:06,000 --> 00:00:11,000\r\nand on\r\n`;
