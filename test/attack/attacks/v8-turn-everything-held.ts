// Everything that TURN holds for a user, as much as it lets: allocations with all their permissions and channels, readers that do not read.
import { channelNumber, peerAddress } from '../../../stun/test/contracts/stun-message.ts';
import { TurnClient } from '../../../stun/test/contracts/turn-client.ts';
import type { Attack } from '../attack.ts';
import { crowd, pause } from '../raw-socket.ts';
import { loginOf } from './08-control-requests.ts';

export const attack: Attack = {
  id: 'v8',
  title: 'allocations with 100 permissions and channels each, by readers that do not read',
  service: 'stun',
  run: (target) =>
    crowd(async ({ address }) => {
      const at = { transport: 'tcp' as const, host: '127.0.0.1', port: target.port };
      const client = await TurnClient.connect(at, await loginOf(target, address), { from: address });
      await client.allocated();
      client.pause();
      for (let count = 0; !client.isClosed; count++) {
        const peer = { address: `198.51.100.${1 + (count % 100)}`, port: 9 };
        const number = 0x4000 + (count % 100);
        client.sendBytes(requestOf(client, number, peer));
        await pause(20);
      }
      client.close();
    }),
};

function requestOf(client: TurnClient, number: number, peer: { address: string; port: number }): Buffer {
  const id = Buffer.alloc(12, number);
  return client.encode('channelBind', [channelNumber(number), peerAddress(peer, id)], id);
}
