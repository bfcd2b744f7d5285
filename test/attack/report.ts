// What came of the attacks, as the table of docs/security.md has it.
import type { Figures } from './journal.ts';
import type { Outcome } from './conduct.ts';

const ms = (value: number): string =>
  Number.isNaN(value) ? '–' : value < 10 ? value.toFixed(1) : value.toFixed(0);
const percentiles = ({ p50Ms, p99Ms }: Figures): string => `${ms(p50Ms)} / ${ms(p99Ms)}`;

const HEAD = ['no.', 'attack', 'service', 'before', 'during', 'after', 'lost', 'memory', 'verdict'] as const;

const cells = ({ attack, before, during, after, memoryShare, faults, notes }: Outcome): string[] => [
  attack.id,
  attack.title,
  attack.service,
  percentiles(before),
  percentiles(during),
  percentiles(after),
  `${before.lost + during.lost + after.lost} of ${before.rounds + during.rounds + after.rounds}`,
  `${Math.round(memoryShare * 100)} %`,
  [faults.length === 0 ? 'held' : `MISSED: ${faults.join('; ')}`, ...notes].join('. '),
];

export function table(outcomes: readonly Outcome[]): string {
  const rows = [HEAD, HEAD.map(() => '---'), ...outcomes.map(cells)];
  return rows.map((row) => `| ${row.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`).join('\n');
}

/** One line while it runs. */
export const line = (outcome: Outcome): string => {
  const [id, title, service, before, during, after, lost, memory, verdict] = cells(outcome);
  return `${id} ${title} (${service}): honest p50/p99 ms ${before} → ${during} → ${after}, lost ${lost}, memory ${memory} (${outcome.memoryBy}), normal after ${(outcome.recoveryMs / 1000).toFixed(1)} s; attackers ${effort(outcome)}: ${verdict}`;
};

function effort({ did: { opened, sentBytes, failures } }: Outcome): string {
  const why = [...failures]
    .sort(([, a], [, b]) => b - a)
    .slice(0, 3)
    .map(([reason, count]) => `${count} × ${reason}`);
  return `opened ${opened}, sent ${(sentBytes / 1_000_000).toFixed(1)} MB${why.length > 0 ? ` (${why.join(', ')})` : ''}`;
}
