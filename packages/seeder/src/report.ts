// What the command says: lines for people, a bar while it hashes, or one JSON object a line for scripts.
import { showBytes } from './quantities.ts';

export interface SeedingFacts {
  readonly name: string;
  readonly infoHash: string;
  readonly bytes: number;
  readonly magnet: string;
  readonly watch: string;
  /** Whether it was hashed now, and not taken from the memory of an earlier run. */
  readonly isHashed: boolean;
}
export interface StatsFacts {
  readonly torrents: number;
  readonly peers: number;
  readonly uploaded: number;
  readonly uploadSpeed: number;
  readonly downloadSpeed: number;
  /** Peers that were let go since the start: leaveSilentPeer(). */
  readonly silentPeers: number;
  readonly residentBytes: number;
}

export interface Report {
  seeding(facts: SeedingFacts): void;
  progress(what: string, share: number): void;
  stats(facts: StatsFacts): void;
  note(message: string): void;
  fault(message: string): void;
  stopped(): void;
}

interface Output {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

export function jsonReport(out: Output): Report {
  const say = (event: string, facts: object): void =>
    void out.write(`${JSON.stringify({ event, ...facts })}\n`);
  let lastPercent = -1;
  let lastStats = '';
  return {
    seeding: (facts) => say('seeding', facts),
    progress: (what, share) => {
      const percent = Math.floor(share * 100);
      if (percent === lastPercent) return;
      lastPercent = percent;
      say('progress', { what, percent });
    },
    // A container's log is kept, so numbers that have not changed are not written again.
    stats: ({ residentBytes, ...facts }) => {
      const text = JSON.stringify(facts);
      if (text !== lastStats) say('stats', { ...facts, residentBytes });
      lastStats = text;
    },
    note: (message) => say('note', { message }),
    fault: (message) => say('error', { message }),
    stopped: () => say('stopped', {}),
  };
}

const BAR_CHARS = 30;

/** Bars and rates are drawn over each other on a terminal, and left out elsewhere. */
export function textReport(out: Output, errors: Output): Report {
  let isLineOpen = false;
  const line = (text: string): void => {
    if (isLineOpen) out.write('\r\x1b[K');
    isLineOpen = false;
    out.write(`${text}\n`);
  };
  const over = (text: string): void => {
    if (out.isTTY !== true) return;
    out.write(`\r\x1b[K${text}`);
    isLineOpen = true;
  };
  return {
    seeding: ({ name, bytes, magnet, watch, isHashed }) => {
      line(`Seeding ${name} (${showBytes(bytes)}${isHashed ? '' : ', hashed before'})`);
      line(`  magnet  ${magnet}`);
      line(`  watch   ${watch}`);
    },
    progress: (what, share) => {
      const full = Math.round(share * BAR_CHARS);
      over(`${what} [${'#'.repeat(full)}${'.'.repeat(BAR_CHARS - full)}] ${Math.floor(share * 100)} %`);
    },
    stats: ({ torrents, peers, uploaded, uploadSpeed }) =>
      over(
        `${torrents} torrents, ${peers} peers, up ${showBytes(uploadSpeed)}/s, ${showBytes(uploaded)} in all. Stop with Ctrl-C`,
      ),
    note: line,
    fault: (message) => {
      if (isLineOpen) out.write('\n');
      isLineOpen = false;
      errors.write(`relay-seeder: ${message}\n`);
    },
    stopped: () => line('Stopped'),
  };
}
