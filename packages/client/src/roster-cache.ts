// What is remembered between pages: the last rosters, and which key answered at which address.
import { Fields } from '@relay-swarm/protocol/fields';
import { readRoster, ROSTER_CHARS_MAX, type Roster as RosterAnswer } from '@relay-swarm/protocol/roster';

/** localStorage's two methods: anything that keeps text will do. */
export interface TextStore {
  getItem(name: string): string | null;
  setItem(name: string, text: string): void;
}

export interface Remembered {
  readonly roster?: RosterAnswer;
  /** HTTP base → relay id. */
  readonly keys: Readonly<Record<string, string>>;
}

const NAME = 'relay-swarm/roster/1';
const BASES_MAX = 512;

/** The page's localStorage; undefined in Node, in sandboxed frames and where the user forbids it. */
export function pageStore(): TextStore | undefined {
  try {
    return (globalThis as { localStorage?: TextStore }).localStorage;
  } catch {
    return undefined; // SecurityError: a frame without allow-same-origin
  }
}

/** Reads as untrusted as from the network: other scripts of the origin write there too. */
export function readRemembered(store: TextStore | undefined): Remembered {
  try {
    const text = store?.getItem(NAME);
    if (text == null) return { keys: {} };
    const fields = Fields.fromJson(text, ROSTER_CHARS_MAX + 100_000);
    const keys = fields.objects('keys', BASES_MAX, (one) => [
      one.url('base', ['https:', 'http:']),
      one.hex('id', 64),
    ]);
    return {
      roster: readRoster(fields.object('roster')),
      keys: Object.fromEntries(keys) as Record<string, string>,
    };
  } catch {
    return { keys: {} }; // of another version, or damaged: it is only a memory
  }
}

export function remember(store: TextStore | undefined, { roster, keys }: Remembered): void {
  try {
    const list = Object.entries(keys).slice(-BASES_MAX);
    store?.setItem(NAME, JSON.stringify({ roster, keys: list.map(([base, id]) => ({ base, id })) }));
  } catch {
    // full, or forbidden: the page works without
  }
}
