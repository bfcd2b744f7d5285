// A user of TURN wants to reach what listens on the machine itself, under whatever address the machine has.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import { randomBytes } from 'node:crypto';
import { peerAddress } from '../../../stun/test/contracts/stun-message.ts';
import { TurnClient } from '../../../stun/test/contracts/turn-client.ts';
import type { Attack } from '../attack.ts';
import { crowd, did, pause } from '../raw-socket.ts';
import { loginOf } from './08-control-requests.ts';

const CLIENTS = 20;
const PACKET = Buffer.from('from outside');

export const attack: Attack = {
  id: '18',
  title: 'TURN to a service of the machine itself, by its own addresses',
  service: 'stun',
  run: async (target, tell) => {
    const own = Object.values(networkInterfaces())
      .flat()
      .filter((one) => one !== undefined && !one.internal && one.family === 'IPv4');
    const address = own[0]?.address;
    if (address === undefined) {
      tell.note('this machine has no address but loopback');
      await pause(1e9);
      return;
    }
    const service = createSocket('udp4').bind(0, address);
    await once(service, 'listening');
    service.on('message', () => tell.breach(`a packet reached ${address} from inside`));
    const peer = { address, port: service.address().port };
    await crowd(async (attacker) => {
      const at = { transport: 'udp' as const, host: '127.0.0.1', port: target.port };
      const client = await TurnClient.connect(at, await loginOf(target, attacker.address), {
        from: attacker.address,
      });
      try {
        await client.allocated();
        while (!client.isClosed) {
          const id = randomBytes(12);
          const request = client.encode('createPermission', [peerAddress(peer, id)], id);
          client.sendBytes(request);
          client.sendTo(peer, PACKET);
          did.sentBytes += request.length + PACKET.length;
          await pause(100);
        }
      } finally {
        client.close();
      }
    }, CLIENTS);
  },
};
