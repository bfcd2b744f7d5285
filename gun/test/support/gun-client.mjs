// A stock gun client in a process of its own, with the lines that gun/README.md has for pages that stay: gun-client.mjs URL…; commands come and
// events go as messages between processes.
import gunModule from 'gun/gun.js';
import { WebSocket } from 'ws';
import 'gun/sea.js';

const log = (...words) => process.send?.({ said: words.join(' ') });
/** Every relay of a test is this machine; not every resolver knows that of a name below localhost (RFC 6761 §6.3). */
class LocalWebSocket extends WebSocket {
  constructor(url) {
    super(url, { lookup: (_name, _options, found) => found(null, [{ address: '127.0.0.1', family: 4 }]) });
  }
}
/** @type {any} its types know the package's entry only */
const Gun = gunModule;
const gun = new Gun({ peers: process.argv.slice(2), localStorage: false, WebSocket: LocalWebSocket, log });

const { mesh, peers } = gun._.opt;
const { bye, hi } = mesh;
mesh.bye = (peer) => {
  bye(peer);
  peers[peer.url] = peer; // gun forgets it
};
mesh.hi = (peer) => {
  hi(peer);
  clearTimeout(peer.defer); // it is there, however it came to be
};

process.on('message', ({ put, on, once, signUp, value }) => {
  if (once !== undefined) gun.get(once).once((node) => process.send?.({ once, found: node !== undefined }));
  if (signUp !== undefined)
    gun
      .user()
      .create(signUp, 'a long enough password', ({ err, ok }) =>
        process.send?.({ signedUp: signUp, ok: err === undefined && ok === 0 }),
      );
  if (put !== undefined) {
    gun.get(put).put(value, ({ err }) => process.send?.({ saved: put, value, ok: err === undefined }));
  }
  if (on !== undefined) gun.get(on).on(({ _, ...node }) => process.send?.({ node: on, value: node }));
});
process.on('disconnect', () => process.exit());
