// `peer` as its own server starts it, with an error listener so that a bad frame does not end it. PORT and no limits that matter.
import { PeerServer } from 'peer';

const server = PeerServer({
  port: Number(process.env.PEERJS_PORT),
  host: '127.0.0.1',
  path: process.env.PEERJS_PATH ?? '/',
  concurrent_limit: Number(process.env.PEERJS_CONNECTIONS_MAX ?? 1_000_000),
  allow_discovery: process.env.PEERJS_DISCOVERY === 'true',
});
if (process.env.BARE_LISTENS_TO_ERRORS !== 'false') server.on('error', () => undefined);
