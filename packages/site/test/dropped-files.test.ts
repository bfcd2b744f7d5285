// What a torrent is made of: files and folders as they were dropped or chosen.
import { droppedFiles, pathOf, type DroppedEntry } from '../src/seed/dropped-files.ts';
import { nameOf, shareable } from '../src/seed/make-torrent.ts';

/** As a browser gives them: two at a time, in no order. */
const entry = (path: string, inside?: readonly DroppedEntry[]): DroppedEntry => {
  const name = path.split('/').at(-1)!;
  const common = { name, fullPath: `/${path}`, isDirectory: inside !== undefined };
  if (inside === undefined)
    return { ...common, file: (done: (file: File) => void) => done(new File([name], name)) } as DroppedEntry;
  const createReader = () => {
    const left = [...inside];
    return { readEntries: (done: (some: DroppedEntry[]) => void) => done(left.splice(0, 2)) };
  };
  return { ...common, createReader } as DroppedEntry;
};
const drop = (...entries: DroppedEntry[]) => ({
  files: [],
  items: [
    { kind: 'string', webkitGetAsEntry: () => null },
    ...entries.map((one) => ({ kind: 'file', webkitGetAsEntry: () => one })),
  ],
});
const album = entry('album', [
  entry('album/two.mp3'),
  entry('album/one.mp3'),
  entry('album/.git', [entry('album/.git/config')]),
  entry('album/inner', [entry('album/inner/draft~')]),
  entry('album/Thumbs.db'),
]);

describe('droppedFiles()', () => {
  it('finds all files of a folder, with their paths, in the order of their names', async () => {
    const files = shareable(await droppedFiles(drop(album)));
    expect(files.map(pathOf)).toEqual(['album/inner/draft~', 'album/one.mp3', 'album/two.mp3']);
    expect(nameOf(files)).toBe('album');
  });

  it('takes files and folders together', async () => {
    const files = shareable(await droppedFiles(drop(entry('film.webm'), album)));
    expect(files.map(pathOf)[0]).toBe('film.webm');
    expect(nameOf(files)).toBe('4 files');
  });

  it('takes the files where a browser tells no entries', async () => {
    const files = [new File(['x'], 'film.webm')];
    expect(await droppedFiles({ files, items: [{ kind: 'file' }] })).toEqual(files);
    expect(nameOf(files)).toBe('film.webm');
  });

  it('says so where something cannot be read', async () => {
    const gone = {
      ...entry('gone.mp3'),
      file: (_: unknown, failed: (error: Error) => void) => failed(new Error('gone')),
    };
    await expect(droppedFiles(drop(gone))).rejects.toThrow('gone');
  });
});
