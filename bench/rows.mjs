// What every bench tells: rows of one table, ours beside others in one run. A bench prints them, and appends them to the file that BENCH_ROWS
// names, from which `npm run bench` makes the table of all (run.mjs).
import { appendFileSync } from 'node:fs';

/**
 * @typedef {object} Row
 * @property {string} group what the bench is about
 * @property {string} what the figure, with its unit
 * @property {number} digits shown after the point
 * @property {number | null} ours
 * @property {Record<string, number>} [others] the others' figures, by their names
 * @property {string} [beside] which of the others the ratio is to; the first where it is left out
 * @property {number} [ratioMax] the bar: ours divided by the other's is at most this
 * @property {number} [ratioMin] or at least this
 * @property {number} [max] the bar: ours itself is at most this
 * @property {number} [min] or at least this
 */

/** @param {Row} row */
export function tell(row) {
  console.log(shown(row).join('  '));
  const file = process.env['BENCH_ROWS'];
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(row)}\n`);
}

/** The cells of a row: what, ours, the others, the ratio, the bar. @param {Row} row */
export function shown(row) {
  const { what, digits, ours, others = {} } = row;
  // JSON has no word for what was not seen, such as a median of nothing: null.
  const number = (/** @type {number | null} */ value, places = digits) =>
    value === null || !Number.isFinite(value)
      ? 'not seen'
      : value.toLocaleString('en-US', { minimumFractionDigits: places, maximumFractionDigits: places });
  const ratio = ratioOf(row);
  return [
    what,
    number(ours),
    Object.entries(others)
      .map(([name, value]) => `${number(value)} (${name})`)
      .join(', '),
    ratio === undefined ? '' : number(ratio, 2),
    barOf(row),
  ];
}

/** @param {Row} row */
function ratioOf({ ours, others = {}, beside }) {
  const other = beside === undefined ? Object.values(others)[0] : others[beside];
  return ours === null || other === undefined || other === 0 ? undefined : ours / other;
}

/** @param {Row} row */
function barOf(row) {
  const ratio = ratioOf(row);
  const { ours } = row;
  if (ours === null) return '';
  const bars = /** @type {const} */ ([
    ['ratio ≤', ratio, row.ratioMax, false],
    ['ratio ≥', ratio, row.ratioMin, true],
    ['≤', ours, row.max, false],
    ['≥', ours, row.min, true],
  ]);
  return bars
    .flatMap(([words, value, bar, isFloor]) => {
      if (bar === undefined || value === undefined) return [];
      const isMet = isFloor ? value >= bar : value <= bar;
      return [`${words} ${bar.toLocaleString('en-US')}: ${isMet ? 'met' : 'missed'}`];
    })
    .join(', ');
}
