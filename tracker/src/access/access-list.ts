// Which info hashes are served: an allow list (where it names any, only those), and a deny list, each from a setting and from a file
// that is read again when it changes. A file that cannot be read leaves the lists as they were.
import { watchFile, unwatchFile } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { SettingsError, type Log, type Part } from '@relay-swarm/kit';

const FILE_LINES_MAX = 1_000_000;
const LOOK_EVERY_MS = 5_000;

export interface AccessListOptions {
  readonly allowed: readonly string[];
  readonly denied: readonly string[];
  /** Paths; empty for none. One hexadecimal info hash a line, `#` begins a comment. */
  readonly allowFile: string;
  readonly denyFile: string;
  /** Called when a file was read again. */
  readonly changed: () => void;
  readonly log: Log;
}

export interface AccessList extends Part {
  /** Why the info hash (in hex, lower case) is not served, or undefined where it is. */
  refuse(infoHash: string): string | undefined;
  /** Whether there is any list at all; if not, nothing is checked. */
  readonly isOpen: boolean;
  readonly sizes: { readonly allowed: number; readonly denied: number };
}

export function createAccessList(options: AccessListOptions): AccessList {
  const { log } = options;
  const lists = [
    {
      file: options.allowFile,
      setting: 'TRACKER_ALLOW_FILE',
      fixed: options.allowed,
      hashes: new Set(options.allowed),
    },
    {
      file: options.denyFile,
      setting: 'TRACKER_DENY_FILE',
      fixed: options.denied,
      hashes: new Set(options.denied),
    },
  ] as const;
  const [allow, deny] = lists;
  const hasAllowList = options.allowFile !== '' || options.allowed.length > 0;

  const read = async (list: (typeof lists)[number]): Promise<void> => {
    const hashes = parseList(await readFile(list.file, 'utf8'));
    list.hashes.clear();
    for (const hash of [...list.fixed, ...hashes]) list.hashes.add(hash);
  };
  return {
    name: 'access-list',
    refuse: (infoHash) => {
      if (deny.hashes.has(infoHash)) return 'This info_hash is not served here: it is on the deny list';
      if (hasAllowList && !allow.hashes.has(infoHash))
        return 'This info_hash is not served here: it is not on the allow list';
      return undefined;
    },
    get isOpen() {
      return !hasAllowList && deny.hashes.size === 0;
    },
    get sizes() {
      return { allowed: allow.hashes.size, denied: deny.hashes.size };
    },
    start: async () => {
      for (const list of lists) {
        if (list.file === '') continue;
        await read(list).catch((error: unknown) => {
          throw new SettingsError(`${list.setting}="${list.file}": ${(error as Error).message}`);
        });
        watchFile(list.file, { interval: LOOK_EVERY_MS, persistent: false }, () => {
          read(list).then(
            () => {
              log.info('access list read again', { file: list.file, infoHashes: list.hashes.size });
              options.changed();
            },
            (error: unknown) =>
              log.error('cannot read the access list, the old one stays in force', {
                file: list.file,
                error,
              }),
          );
        });
      }
    },
    stop: () => {
      for (const list of lists) if (list.file !== '') unwatchFile(list.file);
      return Promise.resolve();
    },
  };
}

/** The info hashes of a list file, in lower case; throws with the number of the first line that is none. */
export function parseList(text: string): string[] {
  const hashes: string[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const entry = line.replace(/#.*/, '').trim().toLowerCase();
    if (entry === '') continue;
    if (!/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(entry)) {
      throw new Error(`line ${index + 1} is "${entry.slice(0, 80)}", it must be 40 or 64 hexadecimal digits`);
    }
    if (hashes.push(entry) > FILE_LINES_MAX) throw new Error(`more than ${FILE_LINES_MAX} info hashes`);
  }
  return hashes;
}
