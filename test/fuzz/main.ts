// npm run fuzz [-- --seconds 600] [-- --only stun-message] [-- --seed 7]: feeds every parser with damaged inputs, each for its share of the
// time. Ends with 1 where one of them throws, contradicts itself or takes too long. What is found becomes a line of its corpus.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from '../support/repository.ts';
import { fuzz } from './fuzz.ts';
import { createDice } from './mutate.ts';
import { parsers } from './parsers.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    only: { type: 'string' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});

const these = parsers.filter(({ name }) => values.only === undefined || name === values.only);
if (these.length === 0)
  throw new Error(`Cannot fuzz ${String(values.only)}: found ${parsers.map(({ name }) => name).join(', ')}`);
const folder = join(root, 'test/fuzz/corpus');
const known = readdirSync(folder).map((file) => file.replace('.txt', ''));
const orphans = known.filter((name) => !parsers.some((parser) => parser.name === name));
if (orphans.length > 0)
  throw new Error(`Cannot use the corpus of ${orphans.join()}: there is no such parser`);

const msEach = (Number(values.seconds) * 1000) / these.length;
let found = 0;
let inputs = 0;
console.log(`seed ${values.seed}`);
for (const parser of these) {
  const untilMs = performance.now() + msEach;
  const result = fuzz(parser, corpusOf(parser.name), createDice(Number(values.seed)), (count) =>
    count % 64 === 0 ? performance.now() > untilMs : false,
  );
  inputs += result.inputs;
  found += result.findings.length;
  console.log(`${parser.name}: ${result.inputs} inputs, ${result.kinds} kinds of answers`);
  for (const { input, what } of result.findings) console.log(`  FOUND ${what}\n  ${lineOf(input)}`);
}
console.log(`${these.length} parsers, ${inputs} inputs, ${found} found`);
process.exitCode = found > 0 ? 1 : 0;

/** One input a line: text as a JSON string, bytes as hex. */
function corpusOf(name: string): Buffer[] {
  return readFileSync(join(folder, `${name}.txt`), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) =>
      line.startsWith('"') ? Buffer.from(JSON.parse(line) as string) : Buffer.from(line, 'hex'),
    );
}

function lineOf(input: Buffer): string {
  const text = input.toString('utf8');
  return Buffer.from(text).equals(input) ? JSON.stringify(text) : input.toString('hex');
}
