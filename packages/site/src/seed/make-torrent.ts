// A torrent from chosen files: hashed here, in the browser; nothing leaves it.
import { getClient } from '../torrent/client.ts';
import { pathOf } from './dropped-files.ts';
import { FileStore } from './file-store.ts';

export interface MadeTorrent {
  readonly infoHash: string;
  readonly torrentFile: Uint8Array;
  readonly name: string;
  readonly pieceBytes: number;
  readonly bytes: number;
}

const PIECE_BYTES_MIN = 16_384;
const PIECE_BYTES_MAX = 4_194_304;
const PIECES_WANTED = 1_024;

/** About a thousand pieces, within what clients take. */
function pieceBytesFor(bytes: number): number {
  const wanted = 2 ** Math.ceil(Math.log2(Math.max(1, bytes / PIECES_WANTED)));
  return Math.min(PIECE_BYTES_MAX, Math.max(PIECE_BYTES_MIN, wanted));
}

/** What people mean to share: nothing hidden, nor what systems leave in folders. */
export function shareable(files: Iterable<File>): File[] {
  const isLeftOver = (name: string): boolean =>
    name.startsWith('.') || /^(thumbs\.db|desktop\.ini|__macosx)$/i.test(name);
  return [...files].filter((file) => !pathOf(file).split('/').some(isLeftOver));
}

/** The file's name, or that of the one folder that all are in. */
export function nameOf(files: readonly File[]): string {
  const [first] = files;
  if (first !== undefined && files.length === 1) return first.name;
  const folders = new Set(files.map((file) => pathOf(file).split('/').slice(0, -1)[0]));
  const [folder] = folders;
  return folders.size === 1 && folder !== undefined ? folder : `${files.length} files`;
}

/** @param progress called with the share that is hashed, from 0 to 1 */
export async function makeTorrent(
  files: readonly File[],
  progress: (share: number) => void,
): Promise<MadeTorrent> {
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  const pieceBytes = pieceBytesFor(bytes);
  const name = nameOf(files);
  const client = await getClient(false, () => Promise.resolve([]));
  return new Promise((resolve, reject) => {
    const torrent = client.seed(
      files,
      {
        name,
        pieceLength: pieceBytes,
        filterJunkFiles: false, // shareable() has done it: the store below must have just these
        announce: [], // named when it is shared; without this line the library names public ones
        preloadedStore: new FileStore(pieceBytes, files),
        storeCacheSlots: 0,
        onProgress: (done) => progress(bytes === 0 ? 1 : done / bytes),
      },
      () => {
        const { infoHash, torrentFile } = torrent;
        torrent.destroy({}, () => resolve({ infoHash, torrentFile, name, pieceBytes, bytes }));
      },
    );
    torrent.on('error', (error) => reject(error instanceof Error ? error : new Error(error)));
  });
}
