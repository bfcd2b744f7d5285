// Feeds a parser with changed inputs. Inputs that it answers in a way not seen before join the others: that is what leads on, as coverage would.
import { mutate, type Dice } from './mutate.ts';
import type { Parser } from './parser.ts';

export interface Finding {
  readonly input: Buffer;
  readonly what: string;
}

export interface FuzzResult {
  readonly inputs: number;
  /** Answers that differ in kind. */
  readonly kinds: number;
  readonly findings: readonly Finding[];
}

/** Of processor time for one input: parsers are linear, and take far less. */
const INPUT_MS_MAX = 1_000;
const POOL_MAX = 2_000;
const FINDINGS_MAX = 5;

export function fuzz(
  parser: Parser,
  corpus: readonly Buffer[],
  dice: Dice,
  isOver: (inputs: number) => boolean,
): FuzzResult {
  const pool = [...corpus];
  const kinds = new Set<string>();
  const findings = new Map<string, Finding>();
  let inputs = 0;
  const feed = (input: Buffer): void => {
    inputs++;
    const outcome = answerOf(parser, input);
    if ('fault' in outcome) findings.set(kindOf(outcome.fault), { input, what: outcome.fault });
    const kind = kindOf('fault' in outcome ? outcome.fault : outcome.answer);
    if (kinds.has(kind)) return;
    kinds.add(kind);
    if (pool.length < POOL_MAX) pool.push(input);
  };
  for (const input of corpus) feed(input);
  while (!isOver(inputs) && findings.size < FINDINGS_MAX)
    feed(mutate(pool[dice(pool.length)]!, pool[dice(pool.length)]!, dice));
  return { inputs, kinds: kinds.size, findings: [...findings.values()] };
}

function answerOf(parser: Parser, input: Buffer): { answer: string } | { fault: string } {
  const before = process.cpuUsage();
  let answer: string;
  try {
    answer = parser.read(input);
  } catch (error) {
    return { fault: error instanceof Error ? (error.stack ?? error.message).slice(0, 600) : String(error) };
  }
  const { user } = process.cpuUsage(before);
  if (user > INPUT_MS_MAX * 1000) return { fault: `took ${Math.round(user / 1000)} ms of processor time` };
  const added = Object.keys(Object.prototype);
  if (added.length > 0) return { fault: `Object.prototype has got ${added.join()}` };
  return { answer };
}

/** Numbers and what was quoted differ each time, and are no other kind of answer. */
const kindOf = (answer: string): string =>
  answer
    .replace(/"[^"]*"|'[^']*'/g, '"')
    .replace(/[\d.]+/g, '0')
    .slice(0, 200);
