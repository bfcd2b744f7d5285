// A stock gun client in a process of its own: node gun-client.mjs URL…; one JSON command a line in, one JSON event a line out.
import Gun from 'gun/gun.js';
import { createInterface } from 'node:readline';
import { WebSocket } from 'ws';

console.log = console.error; // gun greets on standard output
const gun = new Gun({ peers: process.argv.slice(2), localStorage: false, WebSocket });
const tell = (event) => process.stdout.write(`${JSON.stringify(event)}\n`);

createInterface({ input: process.stdin }).on('line', (line) => {
  const { put, on, value } = JSON.parse(line);
  if (put !== undefined) gun.get(put).put(value, ({ err }) => tell({ saved: put, ok: err === undefined }));
  if (on !== undefined) gun.get(on).on(({ _, ...node }) => tell({ node: on, value: node }));
});
