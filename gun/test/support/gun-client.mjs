// A stock gun client in a process of its own: gun-client.mjs URL…; commands come and events go as messages between processes.
import Gun from 'gun/gun.js';
import { WebSocket } from 'ws';

const gun = new Gun({ peers: process.argv.slice(2), localStorage: false, WebSocket });

process.on('message', ({ put, on, value }) => {
  if (put !== undefined) {
    gun.get(put).put(value, ({ err }) => process.send({ saved: put, ok: err === undefined }));
  }
  if (on !== undefined) gun.get(on).on(({ _, ...node }) => process.send({ node: on, value: node }));
});
process.on('disconnect', () => process.exit());
