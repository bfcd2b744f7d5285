// A visit: visit.ts SIGNALING leave|abandon. Four members enter a room, speak, hear each other, and go. The process has nothing to do then, and ends.
import { joinFromNode } from '../../src/node.ts';
import { memberProgram } from './member-program.ts';

const COUNT = 4;
const [signaling = '', how = ''] = process.argv.slice(2);
const members = memberProgram(joinFromNode);

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 20));
}

await members.enter(COUNT, 'visit', { signaling });
await until(() => members.state().every(({ links, parts }) => links === COUNT - 1 && parts === 1));
await members.broadcast('hello');
await until(() => members.count('hello')[0] === COUNT * (COUNT - 1));
await members[how === 'leave' ? 'leave' : 'abandon']();
