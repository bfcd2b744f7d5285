// Members in a process of their own. Each line of its input is a call of the members' program, as JSON: [name, ...arguments]; each line of its output the
// result of one, in the same order.
import { createInterface } from 'node:readline';
import { joinFromNode } from '../../src/node.ts';
import { memberProgram } from './member-program.ts';

const program = memberProgram(joinFromNode);
const calls: Readonly<Record<string, (...args: never[]) => unknown>> = { ...program };

for await (const line of createInterface(process.stdin)) {
  const [name, ...args] = JSON.parse(line) as [string, ...never[]];
  process.stdout.write(`${JSON.stringify((await calls[name]!(...args)) ?? null)}\n`);
}
process.exit(0); // whoever started us is gone
