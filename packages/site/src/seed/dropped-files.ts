// What was dropped on the page: files, and whole folders with all that is in them (File and Directory Entries API, which browsers have for
// this). Files keep their path in `fullPath`, where the maker of torrents looks for it.

/** The part of FileSystemEntry used here. */
export interface DroppedEntry {
  readonly isDirectory: boolean;
  readonly name: string;
  /** With a slash in front. */
  readonly fullPath: string;
}
interface FileEntry extends DroppedEntry {
  file(done: (file: File) => void, failed: (error: DOMException) => void): void;
}
interface FolderEntry extends DroppedEntry {
  createReader(): {
    readEntries(done: (entries: DroppedEntry[]) => void, failed: (error: DOMException) => void): void;
  };
}

export interface Dropped {
  readonly files: Iterable<File>;
  readonly items: Iterable<{ readonly kind: string; webkitGetAsEntry?(): unknown }>;
}

/** To be called while the event is heard: later a browser tells nothing. A folder's files come in the order of their names, so that it is the same torrent in any browser. */
export async function droppedFiles({ files, items }: Dropped): Promise<File[]> {
  const entries = [...items].flatMap((item) =>
    item.kind === 'file' ? ((item.webkitGetAsEntry?.() ?? []) as DroppedEntry) : [],
  );
  if (entries.length === 0) return [...files];
  return (await Promise.all(entries.map(filesOf))).flat();
}

async function filesOf(entry: DroppedEntry): Promise<File[]> {
  if (entry.isDirectory) {
    const inside = await readFolder(entry as FolderEntry);
    return (await Promise.all(inside.map(filesOf))).flat();
  }
  const file = await new Promise<File>((resolve, reject) => (entry as FileEntry).file(resolve, reject));
  const path = entry.fullPath.replace(/^\//, '');
  return [path.includes('/') ? withPath(file, path) : file];
}

/** A browser gives some at a time, and nothing at the end. */
async function readFolder(entry: FolderEntry): Promise<DroppedEntry[]> {
  const reader = entry.createReader();
  const all: DroppedEntry[] = [];
  for (;;) {
    const some = await new Promise<DroppedEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return all.sort((a, b) => (a.name < b.name ? -1 : 1));
    all.push(...some);
  }
}

const withPath = (file: File, path: string): File => Object.defineProperty(file, 'fullPath', { value: path });

/** Where it stood below what was dropped: its name alone, or a folder's name first. */
export const pathOf = (file: File): string => (file as { readonly fullPath?: string }).fullPath ?? file.name;
