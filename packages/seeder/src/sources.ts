// What somebody names to be seeded: a file, a folder, a magnet, a .torrent.
import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';

export type Source =
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'torrent file'; readonly path: string }
  | { readonly kind: 'remote'; readonly address: string };

/** The message is for whoever typed the command. */
export class SourceError extends Error {
  override readonly name = 'SourceError';
}

/** @throws SourceError where nothing of that name is there */
export async function readSource(text: string): Promise<Source> {
  if (/^magnet:/i.test(text)) {
    if (/[?&]xt=urn:btih:([0-9a-f]{40}|[a-z2-7]{32})(&|$)/i.test(text))
      return { kind: 'remote', address: text };
    throw new SourceError(
      `"${text.slice(0, 80)}" is no magnet that can be seeded: it must contain xt=urn:btih: and an info hash of 40 hexadecimal digits. Put it in quotes: the shell cuts it at an &`,
    );
  }
  if (/^https?:\/\//i.test(text)) return { kind: 'remote', address: text };
  const path = resolve(text);
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) {
    if (/^[0-9a-f]{40}$/i.test(text))
      return { kind: 'remote', address: `magnet:?xt=urn:btih:${text.toLowerCase()}` };
    throw new SourceError(
      `Cannot seed "${text}": there is no such file or folder, and it is no magnet and no address`,
    );
  }
  return found.isFile() && path.endsWith('.torrent')
    ? { kind: 'torrent file', path }
    : { kind: 'path', path };
}

export interface ListedFile {
  readonly path: string;
  readonly bytes: number;
  readonly changedAtMs: number;
}

/** Every file below the path, hidden ones left out as the makers of torrents do. */
export async function listFiles(path: string): Promise<ListedFile[]> {
  const found = await stat(path);
  if (found.isFile()) return [{ path, bytes: found.size, changedAtMs: found.mtimeMs }];
  const entries = await readdir(path, { withFileTypes: true });
  const lists = entries
    .filter(({ name }) => !name.startsWith('.'))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((entry) => listFiles(join(path, entry.name)));
  return (await Promise.all(lists)).flat();
}

const MAGNETS_MAX = 10_000;

/** The magnets of a list: one a line, `#` begins a comment. Pure. */
export function magnetsOf(text: string): string[] {
  return text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => /^magnet:/i.test(line))
    .slice(0, MAGNETS_MAX);
}
