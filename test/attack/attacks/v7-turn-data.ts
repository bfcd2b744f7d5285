// Users with good credentials relay as much as they can, to a peer of their own that sends it back.
import { TurnClient } from '../../../stun/test/contracts/turn-client.ts';
import { UdpPeer } from '../../../stun/test/contracts/udp-peer.ts';
import type { Attack } from '../attack.ts';
import { crowd, did, pause } from '../raw-socket.ts';
import { loginOf } from './08-control-requests.ts';

const PACKET = Buffer.alloc(1_000, 1);

export const attack: Attack = {
  id: 'v7',
  title: 'relayed data, as much as 100 users can send',
  service: 'stun',
  run: (target) =>
    crowd(async ({ address }) => {
      const at = { transport: 'udp' as const, host: '127.0.0.1', port: target.port };
      const client = await TurnClient.connect(at, await loginOf(target, address), { from: address });
      await client.allocated();
      const peer = await UdpPeer.open();
      await client.bind(0x4000, peer.address);
      for (;;) {
        for (let count = 0; count < 20; count++) client.sendOnChannel(0x4000, PACKET);
        did.sentBytes += 20 * PACKET.length;
        await pause(1);
      }
    }, 100),
};
