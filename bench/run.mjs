// npm run bench [-- --quick] [--only NAME] [--keep FILE] [--table] [--write]
// Every bench one after another, and then one table: ours beside others, measured in one run each. NAME is one of the benches below, or of the
// tracker's scenarios (`--only tracker:UDP`). --keep FILE: rows of earlier runs stay in FILE, so that the table can be made in portions.
// --table runs nothing and makes the table of FILE; --write: the table goes to docs/performance.md. Needs two cores that do nothing else; `npm run build` first.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { shown } from './rows.mjs';

const root = join(import.meta.dirname, '..');
const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    table: { type: 'boolean', default: false },
    only: { type: 'string' },
    keep: { type: 'string' },
  },
});

/** @type {readonly { name: string, file: string, args?: string[], quick: string[] }[]} */
const benches = [
  { name: 'tracker', file: 'tracker/bench/run.mjs', quick: ['--quick'] },
  { name: 'cluster', file: 'tracker/bench/cluster/run.mjs', quick: ['--quick'] },
  { name: 'stun', file: 'stun/bench/run.mjs', quick: ['--quick'] },
  {
    name: 'peerjs',
    file: 'peerjs/bench/run.mjs',
    quick: ['--clients', '2000', '--rounds', '1', '--idle-seconds', '5', '--negotiations', '20'],
  },
  { name: 'roster', file: 'packages/relay-swarm/bench/simulate.mjs', args: ['table'], quick: ['40', '5'] },
  {
    name: 'mesh',
    file: 'packages/mesh/bench/simulate.mjs',
    args: ['--members', '100'],
    quick: ['--members', '100', '--broadcasts', '5'],
  },
  { name: 'client', file: 'packages/client/bench/run.mjs', quick: ['--rounds', '3'] },
  { name: 'size', file: 'bench/size.mjs', quick: [] },
];

const [onlyBench, onlyScenario] = values.only?.split(':') ?? [];
const chosen = benches.filter(({ name }) => onlyBench === undefined || name === onlyBench);
if (chosen.length === 0) {
  console.error(
    `Cannot find a bench "${onlyBench}": there are ${benches.map(({ name }) => name).join(', ')}`,
  );
  process.exit(1);
}
const folder = mkdtempSync(join(tmpdir(), 'bench-'));
const fresh = join(folder, 'rows');
for (const { name, file, args = [], quick } of values.table ? [] : chosen) {
  console.log(`\n== ${name}`);
  const more = onlyScenario === undefined ? [] : ['--only', onlyScenario];
  const { status } = spawnSync(
    process.execPath,
    [join(root, file), ...(values.quick ? quick : args), ...more],
    { stdio: 'inherit', env: { ...process.env, BENCH_ROWS: fresh } },
  );
  if (status !== 0) console.log(`${name} ended with ${status}`);
}

/** @typedef {import('./rows.mjs').Row & { at: string, load: number, node: string }} MeasuredRow */
/** @param {string} file @returns {MeasuredRow[]} */
const read = (file) =>
  existsSync(file)
    ? readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line))
    : [];
const measured = read(fresh).map((row) => ({
  ...row,
  at: new Date().toISOString().slice(0, 10),
  load: loadavg()[0],
}));
const key = (/** @type {MeasuredRow} */ row) => `${row.group}: ${row.what}`;
const rows = new Map((values.keep === undefined ? [] : read(values.keep)).map((row) => [key(row), row]));
for (const row of measured) rows.set(key(row), row);
rmSync(folder, { recursive: true });
if (values.keep !== undefined)
  writeFileSync(values.keep, [...rows.values()].map((row) => `${JSON.stringify(row)}\n`).join(''));

const head = ['', 'ours', 'others', 'ratio', 'bar'];
const groups = [...new Set([...rows.values()].map(({ group }) => group))];
const tables = groups.map((group) => {
  const lines = [...rows.values()].filter((row) => row.group === group).map(shown);
  const widths = head.map((title, at) =>
    Math.max(title.length, ...lines.map((line) => line[at]?.length ?? 0)),
  );
  const write = (/** @type {string[]} */ cells) =>
    `| ${cells.map((cell, at) => (at === 1 || at === 3 ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0))).join(' | ')} |`;
  const rule = widths.map((width, at) =>
    at === 1 || at === 3 ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width),
  );
  return `## ${group}\n\n${[write(head), write(rule), ...lines.map(write)].join('\n')}\n`;
});
console.log(`\n${tables.join('\n')}`);
if (values.write) {
  const file = join(root, 'docs', 'performance.md');
  const before = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const mark = '<!-- written by `npm run bench -- --write`; what stands above and below is not -->';
  const end = '<!-- end -->';
  const machine = `${cpus().length} cores of ${cpus()[0]?.model.trim()}, Linux ${release()}, ${[...new Set([...rows.values()].map(({ at }) => at))].join(' and ')}`;
  const part = `${mark}\n\n${machine}.\n\n${tables.join('\n')}\n${end}`;
  const [start, stop] = [before.indexOf(mark), before.indexOf(end)];
  writeFileSync(
    file,
    start >= 0 && stop > start
      ? before.slice(0, start) + part + before.slice(stop + end.length)
      : `${before}\n${part}\n`,
  );
  console.log('docs/performance.md is written');
}
