// Where pieces are kept: in the browser's private file system, a file each, so that no torrent has to fit into memory; where that is not
// allowed, in memory. WebTorrent's chunk store interface. Two tabs with the same torrent never share a folder: the first one holds the
// lasting one by a lock and finds its pieces again later, any other has one of its own for as long as it lives.

type Done = (error: Error | null, bytes?: Uint8Array) => void;
interface Range {
  readonly offset?: number;
  readonly length?: number;
}
export interface PieceStore {
  put(index: number, bytes: Uint8Array<ArrayBuffer>, done?: Done): void;
  get(index: number, range: Range | undefined | Done, done?: Done): void;
  close(done?: Done): void;
  destroy(done?: Done): void;
}

const ROOT = 'pieces';
/** What is kept of torrents that nobody has opened for so long is thrown away. */
const KEPT_DAYS = 7;
const KEPT_OF_QUOTA_MAX = 0.5;

export interface PieceStores {
  /** WebTorrent makes one itself, once it knows the torrent. */
  readonly Store: new (pieceBytes: number) => PieceStore;
  /** To be called when the torrent has ended: it may never have made a store, and its folder is held for it all the same. */
  release(): void;
}

/** Where this torrent's pieces are kept. */
export async function pieceStoreFor(infoHash: string): Promise<PieceStores> {
  const folder = await openFolder(infoHash).catch(() => undefined); // sandboxed, private mode, or full
  if (folder === undefined) return { Store: MemoryStore, release: () => undefined };
  const kept = folder;
  const Store = class extends FolderStore {
    constructor(pieceBytes: number) {
      super(pieceBytes, kept);
    }
  };
  return { Store, release: () => kept.release() };
}

interface Folder {
  readonly handle: FileSystemDirectoryHandle;
  readonly parent: FileSystemDirectoryHandle;
  readonly isLasting: boolean;
  readonly release: () => void;
}

async function openFolder(infoHash: string): Promise<Folder | undefined> {
  if (!('createWritable' in FileSystemFileHandle.prototype)) return undefined;
  const root = await navigator.storage.getDirectory();
  const parent = await root.getDirectoryHandle(ROOT, { create: true });
  const lasting = await holdLock(infoHash);
  const name = lasting === undefined ? `${infoHash}.${crypto.randomUUID()}` : infoHash;
  const release = lasting ?? (await holdLock(name));
  if (release === undefined) return undefined;
  void sweep(parent).catch(() => undefined); // what is left over now is found the next time
  const handle = await parent.getDirectoryHandle(name, { create: true });
  await writeBytes(handle, 'opened', new TextEncoder().encode(String(Date.now())));
  return { handle, parent, isLasting: lasting !== undefined, release };
}

/** Holds the lock of this folder until the result is called; undefined where another tab holds it. */
function holdLock(name: string): Promise<(() => void) | undefined> {
  return new Promise((resolve, reject) => {
    navigator.locks
      .request(`${ROOT}/${name}`, { ifAvailable: true }, (lock) => {
        if (lock === null) {
          resolve(undefined);
          return undefined;
        }
        return new Promise<void>((release) => resolve(() => release()));
      })
      .catch(reject);
  });
}

/** Throws away folders that nobody holds: those of closed tabs, old ones, and all of them when the disk is short. */
async function sweep(parent: FileSystemDirectoryHandle): Promise<void> {
  const { usage = 0, quota = Infinity } = await navigator.storage.estimate();
  const isShort = usage > quota * KEPT_OF_QUOTA_MAX;
  const oldestMs = Date.now() - KEPT_DAYS * 86_400_000;
  for await (const [name, handle] of parent.entries()) {
    if (handle.kind !== 'directory') continue;
    const release = await holdLock(name);
    if (release === undefined) continue;
    try {
      const openedAtMs = name.includes('.') ? 0 : Number(await readText(handle, 'opened'));
      if (isShort || !(openedAtMs > oldestMs)) await parent.removeEntry(name, { recursive: true });
    } finally {
      release();
    }
  }
}

async function readText(folder: FileSystemDirectoryHandle, name: string): Promise<string> {
  try {
    return await (await (await folder.getFileHandle(name)).getFile()).text();
  } catch {
    return ''; // never written: the tab ended in between
  }
}

async function writeBytes(
  folder: FileSystemDirectoryHandle,
  name: string,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<void> {
  const file = await folder.getFileHandle(name, { create: true });
  const writable = await file.createWritable();
  await writable.write(bytes);
  await writable.close();
}

const call = (done: Done | undefined, work: Promise<Uint8Array | undefined>): void => {
  work.then(
    (bytes) => done?.(null, bytes),
    (error: unknown) => done?.(error instanceof Error ? error : new Error(String(error))),
  );
};

class FolderStore implements PieceStore {
  readonly chunkLength: number;
  readonly #folder: Folder;

  constructor(pieceBytes: number, folder: Folder) {
    this.chunkLength = pieceBytes;
    this.#folder = folder;
  }

  put(index: number, bytes: Uint8Array<ArrayBuffer>, done?: Done): void {
    call(
      done,
      writeBytes(this.#folder.handle, String(index), bytes).then(() => undefined),
    );
  }

  get(index: number, range: Range | undefined | Done, done?: Done): void {
    if (typeof range === 'function') call(range, this.#read(index, {}));
    else call(done, this.#read(index, range ?? {}));
  }

  async #read(index: number, { offset = 0, length = Infinity }: Range): Promise<Uint8Array> {
    const file = await (await this.#folder.handle.getFileHandle(String(index))).getFile();
    return new Uint8Array(await file.slice(offset, Math.min(file.size, offset + length)).arrayBuffer());
  }

  close(done?: Done): void {
    call(done, this.#folder.isLasting ? this.#end() : this.#remove());
  }

  destroy(done?: Done): void {
    call(done, this.#remove());
  }

  async #remove(): Promise<undefined> {
    const { parent, handle } = this.#folder;
    await parent.removeEntry(handle.name, { recursive: true }).catch(() => undefined); // the next sweep finds it
    return this.#end();
  }

  #end(): Promise<undefined> {
    this.#folder.release();
    return Promise.resolve(undefined);
  }
}

class MemoryStore implements PieceStore {
  readonly chunkLength: number;
  readonly #pieces = new Map<number, Uint8Array>();

  constructor(pieceBytes: number) {
    this.chunkLength = pieceBytes;
  }

  put(index: number, bytes: Uint8Array, done?: Done): void {
    this.#pieces.set(index, bytes);
    call(done, Promise.resolve(undefined));
  }

  get(index: number, range: Range | undefined | Done, done?: Done): void {
    const callback = typeof range === 'function' ? range : done;
    const { offset = 0, length = Infinity } = typeof range === 'object' ? range : {};
    const piece = this.#pieces.get(index);
    call(
      callback,
      piece === undefined
        ? Promise.reject(new Error(`Cannot read piece ${index}: it is not here yet`))
        : Promise.resolve(piece.subarray(offset, offset + length)),
    );
  }

  close(done?: Done): void {
    this.#pieces.clear();
    call(done, Promise.resolve(undefined));
  }

  destroy(done?: Done): void {
    this.close(done);
  }
}
