// Members in a process of their own: members.ts SIGNALING ROOM COUNT. Each line of its input is said by all of them; what they hear, and how the
// room looks to them, goes to its output, a JSON object a line.
import { createInterface } from 'node:readline';
import { joinFromNode } from '../../src/node.ts';

const [signaling = '', name = '', count = '1'] = process.argv.slice(2);
const tell = (value: object): void => void process.stdout.write(`${JSON.stringify(value)}\n`);

const rooms = await Promise.all(
  Array.from({ length: Number(count) }, () => joinFromNode(name, { signaling })),
);
for (const room of rooms) {
  room.on('message', ({ data, from }) => tell({ heard: data, by: room.id, from }));
}
setInterval(() => {
  tell({
    members: rooms.map(({ view }) => view.members.length),
    parts: rooms.map(({ view }) => new Set(view.components).size),
    fallbackBytes: rooms.reduce((sum, { stats }) => sum + stats.fallbackBytes, 0),
  });
}, 200);
createInterface(process.stdin).on('line', (line) => {
  for (const room of rooms) void room.broadcast(`${line} ${room.id} ${'x'.repeat(600)}`);
});
process.stdin.on('end', () => process.exit(0)); // whoever started us is gone
