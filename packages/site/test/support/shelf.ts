// A torrent with everything that the player takes: a film with subtitles, a sound, a picture; seeded from a stock page.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Browser } from '../../../../test/support/chromium.ts';
import { FILM_SUBTITLES, makeFilm } from './film.ts';
import { seedFromStockPage, type StockPage } from './stock-seeder.ts';

export const SOUND_SECONDS = 3;
export const PICTURE_PIXELS = 64;

async function makeSmall(name: string, source: string): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'shelf-'));
  const file = join(folder, name);
  try {
    await promisify(execFile)('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', source, file]);
    return await readFile(file);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export async function seedShelf(browser: Browser, announce: readonly string[]): Promise<StockPage> {
  const size = `${PICTURE_PIXELS}x${PICTURE_PIXELS}`;
  const files = {
    'film.webm': await makeFilm(),
    'film.en.srt': FILM_SUBTITLES,
    'sound.wav': await makeSmall('sound.wav', `sine=duration=${SOUND_SECONDS}`),
    'picture.png': await makeSmall('picture.png', `testsrc=size=${size}:rate=1:duration=1`),
  };
  return seedFromStockPage(browser, files, { announce, name: 'A shelf' });
}
