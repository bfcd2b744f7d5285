// Folders and lists that are looked at while the seeder runs: what appears in them is seeded, what leaves them is ended. The only importer of
// chokidar.
import { watch } from 'chokidar';
import { readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { magnetsOf } from './sources.ts';

export interface Changes {
  /** A path or a magnet. */
  readonly appeared: (source: string) => void;
  readonly left: (source: string) => void;
  readonly failed: (message: string) => void;
}

export interface Watcher {
  close(): Promise<void>;
}

/** A file or folder counts once nothing has changed in it for so long: until then somebody is still copying it. */
const QUIET_MS = 2_000;
const LIST_SECONDS = 60;
const LIST_ASK_MS_MAX = 15_000;

/** Each file or folder right in this folder is a torrent of its own. */
export function watchFolder(folder: string, changes: Changes): Watcher {
  const watcher = watch(folder, { ignored: (path) => /(^|[/\\])\.[^/\\]/.test(path.slice(folder.length)) });
  const told = new Set<string>();
  const changing = new Map<string, ReturnType<typeof setTimeout>>();
  const leave = (source: string): void => {
    if (told.delete(source)) changes.left(source);
  };
  watcher.on('all', (event, path) => {
    const [name = ''] = relative(folder, path).split(sep);
    if (name === '') return; // the folder itself
    const source = join(folder, name);
    clearTimeout(changing.get(source));
    changing.delete(source);
    if (path === source && event.startsWith('unlink')) {
      leave(source);
      return;
    }
    const settled = (): void => {
      changing.delete(source);
      leave(source); // what has changed is another torrent; the pieces of the old one are no longer there
      told.add(source);
      changes.appeared(source);
    };
    changing.set(source, setTimeout(settled, QUIET_MS));
  });
  watcher.on('error', (error) => changes.failed(`Cannot watch ${folder}: ${String(error)}`));
  return {
    close: () => {
      for (const timer of changing.values()) clearTimeout(timer);
      return watcher.close();
    },
  };
}

/** A list of magnets, one a line, in a file or at an address; read again every minute. Nothing is ended because a list cannot be read. */
export function watchList(list: string, changes: Changes): Watcher {
  let known: readonly string[] = [];
  const look = async (): Promise<void> => {
    try {
      const now = magnetsOf(await readList(list));
      for (const magnet of now) if (!known.includes(magnet)) changes.appeared(magnet);
      for (const magnet of known) if (!now.includes(magnet)) changes.left(magnet);
      known = now;
    } catch (error) {
      changes.failed(
        `Cannot read the list ${list}: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  };
  void look();
  const timer = setInterval(() => void look(), LIST_SECONDS * 1000);
  return {
    close: () => {
      clearInterval(timer);
      return Promise.resolve();
    },
  };
}

async function readList(list: string): Promise<string> {
  if (!/^https?:/i.test(list)) return readFile(list, 'utf8');
  const response = await fetch(list, { signal: AbortSignal.timeout(LIST_ASK_MS_MAX) });
  if (!response.ok) throw new Error(`the answer was ${response.status}`);
  return response.text();
}
