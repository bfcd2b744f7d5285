// The tracker that ours is measured against: bittorrent-tracker's own server with its own defaults, WebSocket only.
import { Server } from 'bittorrent-tracker';

const server = new Server({ http: false, udp: false, ws: true });
server.on('warning', () => undefined);
server.listen(Number(process.env.TRACKER_PORT), '127.0.0.1');
process.on('SIGTERM', () => process.exit(0));
