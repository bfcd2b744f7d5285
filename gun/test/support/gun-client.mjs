// A stock gun client in a process of its own: gun-client.mjs URL…; commands come and events go as messages between processes.
import gunModule from 'gun/gun.js';
import { WebSocket } from 'ws';
import 'gun/sea.js';

const log = (...words) => process.send?.({ said: words.join(' ') });
/** @type {any} its types know the package's entry only */
const Gun = gunModule;
const gun = new Gun({ peers: process.argv.slice(2), localStorage: false, WebSocket, log });

process.on('message', ({ put, on, once, signUp, value }) => {
  if (once !== undefined) gun.get(once).once((node) => process.send?.({ once, found: node !== undefined }));
  if (signUp !== undefined)
    gun
      .user()
      .create(signUp, 'a long enough password', ({ err, ok }) =>
        process.send?.({ signedUp: signUp, ok: err === undefined && ok === 0 }),
      );
  if (put !== undefined) {
    gun.get(put).put(value, ({ err }) => process.send?.({ saved: put, ok: err === undefined }));
  }
  if (on !== undefined) gun.get(on).on(({ _, ...node }) => process.send?.({ node: on, value: node }));
});
process.on('disconnect', () => process.exit());
