// What was hashed before, so that a restart hashes nothing again: for each path its .torrent and how the files looked. Each is a file of
// its own, written under another name and then renamed, so that it is always whole.
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { listFiles, type ListedFile } from './sources.ts';

interface Remembered {
  readonly files: readonly ListedFile[];
  /** Base 64. */
  readonly torrent: string;
}

export class HashMemory {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * The .torrent of this path (or of another key), if its files have not changed since.
   * @param files how they are now; without them, those that were remembered are looked at again
   */
  async recall(key: string, files?: readonly ListedFile[]): Promise<Uint8Array | undefined> {
    try {
      const { files: then, torrent } = JSON.parse(await readFile(this.#file(key), 'utf8')) as Remembered;
      const now = files ?? (await Promise.all(then.map(({ path }) => listFiles(path)))).flat();
      return JSON.stringify(then) === JSON.stringify(now) ? Buffer.from(torrent, 'base64') : undefined;
    } catch {
      return undefined; // never seen, or damaged: hashed again
    }
  }

  async keep(key: string, files: readonly ListedFile[], torrent: Uint8Array): Promise<void> {
    await mkdir(this.#folder, { recursive: true });
    const file = this.#file(key);
    const remembered: Remembered = { files, torrent: Buffer.from(torrent).toString('base64') };
    await writeFile(`${file}.tmp`, JSON.stringify(remembered));
    await rename(`${file}.tmp`, file);
  }

  #file(key: string): string {
    return join(this.#folder, `${createHash('sha256').update(key).digest('hex').slice(0, 32)}.json`);
  }
}
