// The tracker that ours is measured against: bittorrent-tracker's own server with its own defaults. `node reference-server.mjs ws|udp|http`
import { Server } from 'bittorrent-tracker';

const kind = process.argv[2] ?? 'ws';
const server = new Server({ http: kind === 'http', udp: kind === 'udp', ws: kind === 'ws', stats: false });
server.on('warning', () => undefined);
server.on('error', () => undefined);
server.listen(Number(process.env.TRACKER_PORT), '127.0.0.1');
if (kind === 'udp') {
  const { createServer } = await import('node:net');
  createServer().listen(Number(process.env.TRACKER_PORT), '127.0.0.1'); // says that it is there
}
process.on('SIGTERM', () => process.exit(0));
