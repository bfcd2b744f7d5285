// Calls through TURN: both ends have a relayed address, and every packet passes both. The credentials are those of the beginning, so that a
// server that forgot its secret would be noticed.
import { TurnClient } from '../../../stun/test/contracts/turn-client.ts';
import type { Address } from '../../../stun/test/contracts/stun-message.ts';
import { staying, type HonestClient } from '../../attack/honest/honest-client.ts';
import type { Login } from '../../attack/honest/turn.ts';

const PAUSE_MS = 100;
const CHANNEL = 0x4000;
const PACKET = Buffer.alloc(400, 7);

interface Call {
  readonly caller: TurnClient;
  readonly callee: TurnClient;
}

export function calls(port: number, login: Login): HonestClient[] {
  return (['udp', 'tcp'] as const).map((transport) =>
    staying(
      `packet by ${transport}`,
      PAUSE_MS,
      () => call(port, transport, login),
      async ({ caller, callee }) => {
        for (const [from, to] of [
          [caller, callee],
          [callee, caller],
        ] as const) {
          from.sendOnChannel(CHANNEL, PACKET);
          if ((await to.next()) === undefined) throw new Error('a packet was lost');
        }
      },
      ({ caller, callee }) => [caller, callee].forEach(hangUp),
    ),
  );
}

async function call(port: number, transport: 'udp' | 'tcp', login: Login): Promise<Call> {
  const ends: TurnClient[] = [];
  try {
    const relayed: Address[] = [];
    for (let end = 0; end < 2; end++) {
      const client = await TurnClient.connect({ transport, host: '127.0.0.1', port }, login);
      ends.push(client);
      relayed.push(await client.allocated());
    }
    const [caller, callee] = ends as [TurnClient, TurnClient];
    for (const [client, peer] of [
      [caller, relayed[1]!],
      [callee, relayed[0]!],
    ] as const)
      if ((await client.bind(CHANNEL, peer)).class !== 'success') throw new Error('Cannot bind a channel');
    return { caller, callee };
  } catch (error) {
    ends.forEach(hangUp);
    throw error;
  }
}

/** Gives its port back, where the server hears it. */
function hangUp(client: TurnClient): void {
  client.refresh(0).then(
    () => client.close(),
    () => client.close(),
  );
}
