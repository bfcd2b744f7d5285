// The simulator's findings as a Markdown table, and as a picture.
import type { Outcome } from './broadcasts.ts';

export interface Row {
  readonly members: number;
  readonly algorithm: string;
  readonly bytes: number;
  readonly gone: number;
  readonly outcome: Outcome;
}

const percent = (share: number): string => `${(100 * share).toFixed(share === 1 || share === 0 ? 0 : 2)} %`;
const kilobytes = (bytes: number): string => `${(bytes / 1_000).toFixed(1)} KB`;

export function tableOf(rows: readonly Row[]): string {
  const head = [
    'members',
    'gone',
    'message',
    'algorithm',
    'delivered',
    'hops',
    'mean / last',
    'copies each',
    'routes',
    'all overhead',
  ];
  const lines = rows.map(({ members, algorithm, bytes, gone, outcome }) => [
    String(members),
    percent(gone),
    bytes >= 1_024 ? `${bytes / 1_024} KB` : `${bytes} B`,
    algorithm,
    percent(outcome.delivered),
    outcome.hopsMax.toFixed(1),
    `${outcome.meanMs.toFixed(0)} / ${outcome.lastMs.toFixed(0)} ms`,
    outcome.copies.toFixed(2),
    kilobytes(outcome.routeBytes),
    kilobytes(outcome.overheadBytes),
  ]);
  const widths = head.map((name, i) => Math.max(name.length, ...lines.map((line) => line[i]!.length)));
  const write = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i]!)).join(' | ')} |`;
  return [write(head), write(widths.map((width) => '-'.repeat(width))), ...lines.map(write)].join('\n');
}

const WIDTH = 720;
const BAR = 18;
const LABELS = 190;

/** Horizontal bars, one for each row, in the colours that a light and a dark page can both show. */
export function plotOf(
  title: string,
  unit: string,
  bars: readonly { name: string; value: number }[],
): string {
  const most = Math.max(...bars.map(({ value }) => value), Number.MIN_VALUE);
  const height = 44 + bars.length * (BAR + 8);
  const body = bars.map(({ name, value }, i) => {
    const y = 36 + i * (BAR + 8);
    const width = Math.max(1, ((WIDTH - LABELS - 110) * value) / most);
    const colour = name.startsWith('mesh') ? '#d1495b' : '#5b7c99';
    return [
      `<text x="${LABELS - 8}" y="${y + 13}" text-anchor="end">${name}</text>`,
      `<rect x="${LABELS}" y="${y}" width="${width.toFixed(1)}" height="${BAR}" rx="3" fill="${colour}"/>`,
      `<text x="${(LABELS + width + 8).toFixed(1)}" y="${y + 13}">${value.toFixed(value < 10 ? 2 : 0)} ${unit}</text>`,
    ].join('\n');
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" font-family="system-ui, sans-serif" font-size="13">
<title>${title}</title>
<style>text { fill: #1c2733 } @media (prefers-color-scheme: dark) { text { fill: #dde6ee } }</style>
<text x="12" y="22" font-weight="600">${title}</text>
${body.join('\n')}
</svg>
`;
}
