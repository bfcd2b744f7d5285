// npm run spawn -w packages/mesh -- 16 [--room NAME] [--signaling ws://peerjs.localhost:5001/mesh] [--password …]
// Real members in Node, as many as wanted, in one room; each says a word now and then. Ctrl-C ends them.
import { parseArgs } from 'node:util';
import { joinFromNode } from '../dist/node.js';

/** A server that has let nobody in by then is said to be missing. */
const ALONE_MS = 5_000;
const text = /** @type {const} */ ({ type: 'string', multiple: false });
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { room: text, signaling: text, password: text, seconds: text },
});
const count = Number(positionals[0] ?? 16);
if (!Number.isInteger(count) || count < 1 || count > 500) {
  console.error(`Cannot start "${positionals[0]}" members: wanted a whole number from 1 to 500`);
  process.exit(1);
}
const seconds = Number(values.seconds ?? 0);
if (!(seconds >= 0)) {
  console.error(`Cannot run for "${values.seconds}" seconds: wanted a number`);
  process.exit(1);
}
const name = values.room ?? 'demo';
const signaling = values.signaling ?? `ws://127.0.0.1:${process.env['PEERJS_PORT'] ?? 9000}/mesh`; // that of npm start
const password = values.password === undefined ? {} : { password: values.password };

const startedAtMs = performance.now();
let heard = 0;
const alone = setTimeout(() => {
  console.error(`Nobody answers at ${signaling}: is relay-swarm running there? Members go on trying.`);
}, ALONE_MS);
const rooms = await Promise.all(
  Array.from({ length: count }, async () => {
    const room = await joinFromNode(name, { signaling, ...password });
    room.on('message', () => heard++);
    room.on('server', () => clearTimeout(alone));
    room.on('refused', ({ what, detail }) => console.error(`refused: ${what}: ${detail}`));
    return room;
  }),
).catch((error) => {
  console.error(error.message);
  process.exit(1);
});
console.log(`${count} members in room "${name}" at ${signaling}`);

const inSeconds = (/** @type {number} */ ms) => `${(ms / 1_000).toFixed(1)} s`;
const isWhole = () =>
  rooms.every(({ view }) => view.members.length >= count && new Set(view.components).size === 1);
let formedMs = 0;
const watch = setInterval(() => {
  if (formedMs > 0 || !isWhole()) return;
  formedMs = performance.now() - startedAtMs;
  console.log(`one mesh after ${inSeconds(formedMs)}, keys included`);
}, 100);
let said = 0;
const talk = setInterval(() => {
  if (formedMs > 0) void rooms[said++ % count]?.broadcast(`word ${said} ${'.'.repeat(600)}`);
}, 500);
const report = setInterval(() => {
  const links = rooms.reduce((sum, room) => sum + room.links.length, 0);
  const { user, system } = process.cpuUsage();
  const { rss } = process.memoryUsage();
  console.log(
    `${said} said, ${heard} heard of ${said * (count - 1)}; ${(links / count).toFixed(1)} links each; CPU ${inSeconds((user + system) / 1_000)}, ${(rss / 1e6).toFixed(0)} MB`,
  );
}, 5_000);

const stop = async () => {
  for (const timer of [watch, talk, report]) clearInterval(timer);
  await Promise.all(rooms.map((room) => room.leave()));
  process.exit(0);
};
process.once('SIGINT', stop);
process.once('SIGTERM', stop);
if (seconds > 0) setTimeout(stop, seconds * 1_000);
