// Bare `peer`, for the bench and for the tests that show its faults. Its settings have the names of ours.
// BARE_LISTENS_TO_ERRORS=false: as who has not read that it must. BARE_SIBLING=true: another WebSocket server on the same port.
import express from 'express';
import { createServer } from 'node:http';
import { ExpressPeerServer } from 'peer';
import { WebSocketServer } from 'ws';

const { env } = process;
const app = express();
const server = createServer(app);
const peer = ExpressPeerServer(server, {
  path: env.PEERJS_PATH ?? '/',
  concurrent_limit: Number(env.PEERJS_CONNECTIONS_MAX ?? 1_000_000),
  allow_discovery: env.PEERJS_DISCOVERY === 'true',
});
if (env.BARE_LISTENS_TO_ERRORS !== 'false') peer.on('error', () => undefined);
app.use(peer);
if (env.BARE_SIBLING === 'true') {
  new WebSocketServer({ server, path: '/sibling' }).on('connection', (socket) =>
    socket.on('message', (data) => socket.send(data, { binary: false })),
  );
}
server.listen(Number(env.PEERJS_PORT), '127.0.0.1');
