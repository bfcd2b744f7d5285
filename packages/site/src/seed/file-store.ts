// Pieces straight out of the files that somebody chose: nothing is copied, so a file of any size can be seeded. WebTorrent's chunk store
// interface, for reading.

type Done = (error: Error | null, bytes?: Uint8Array) => void;
interface Range {
  readonly offset?: number;
  readonly length?: number;
}

export class FileStore {
  readonly chunkLength: number;
  readonly #whole: Blob;

  /** The files in the torrent's order; a Blob of blobs is a view and holds no bytes. */
  constructor(pieceBytes: number, files: readonly Blob[]) {
    this.chunkLength = pieceBytes;
    this.#whole = new Blob([...files]);
  }

  get(index: number, range: Range | undefined | Done, done?: Done): void {
    const callback = typeof range === 'function' ? range : done;
    const { offset = 0, length = this.chunkLength - offset } = typeof range === 'object' ? range : {};
    const start = index * this.chunkLength + offset;
    this.#whole
      .slice(start, start + length)
      .arrayBuffer()
      .then(
        (bytes) => callback?.(null, new Uint8Array(bytes)),
        (error: unknown) =>
          callback?.(new Error('Cannot read the file: was it moved or changed?', { cause: error })),
      );
  }

  put(_index: number, _bytes: Uint8Array, done?: Done): void {
    done?.(null); // everything is here already
  }
  close(done?: Done): void {
    done?.(null);
  }
  destroy(done?: Done): void {
    done?.(null);
  }
}
