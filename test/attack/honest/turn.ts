// Honest users of TURN: calls over UDP and TCP whose packets come back from a peer, and newcomers who allocate.
import { request } from 'node:http';
import { TurnClient } from '../../../stun/test/contracts/turn-client.ts';
import { UdpPeer } from '../../../stun/test/contracts/udp-peer.ts';
import type { Address } from '../../../stun/test/contracts/stun-message.ts';
import { HONEST, NEWCOMERS, type Target } from '../attack.ts';
import { newcomers, staying, type HonestClient } from './honest-client.ts';

const PAUSE_MS = 40;
const CHANNEL = 0x4000;
const PACKET = Buffer.alloc(400, 7);

interface Call {
  readonly client: TurnClient;
  readonly relayed: Address;
  readonly peer: UdpPeer;
}

export function honestCalls(target: Target): HonestClient[] {
  const calls = (['udp', 'udp', 'tcp', 'tcp'] as const).map((transport) =>
    staying(`packet by ${transport}`, PAUSE_MS, () => call(target, transport), goAndComeBack, hangUp),
  );
  return [
    ...calls,
    // Credentials are minted once a second for an address.
    newcomers(400, async (visit) => {
      const login = await mint(target, NEWCOMERS[visit % NEWCOMERS.length]!);
      const from = NEWCOMERS[visit % NEWCOMERS.length]!;
      const client = await connect(target, visit % 2 === 0 ? 'udp' : 'tcp', login, from);
      await client.allocated();
      await client.refresh(0);
      client.close();
    }),
  ];
}

export interface Login {
  readonly username: string;
  readonly password: string;
}

/** As a page has them: from /ice-servers. */
export async function mint({ httpPort }: Target, from: string): Promise<Login> {
  const answer = await get(httpPort, '/ice-servers', from);
  const { iceServers } = JSON.parse(answer) as { iceServers: { username?: string; credential?: string }[] };
  const { username = '', credential = '' } = iceServers.find((one) => one.username !== undefined) ?? {};
  return { username, password: credential };
}

const connect = (
  { port }: Target,
  transport: 'udp' | 'tcp',
  login: Login,
  from: string,
): Promise<TurnClient> => TurnClient.connect({ transport, host: '127.0.0.1', port }, login, { from });

async function call(target: Target, transport: 'udp' | 'tcp'): Promise<Call> {
  const client = await connect(target, transport, await mint(target, HONEST), HONEST);
  const relayed = await client.allocated();
  const peer = await UdpPeer.open();
  const bound = await client.bind(CHANNEL, peer.address);
  if (bound.class !== 'success') throw new Error('Cannot bind a channel');
  return { client, relayed, peer };
}

async function goAndComeBack({ client, relayed, peer }: Call): Promise<void> {
  client.sendOnChannel(CHANNEL, PACKET);
  if ((await peer.next()) === undefined) throw new Error('a packet to the peer was lost');
  peer.send(PACKET, relayed);
  if ((await client.next()) === undefined) throw new Error('a packet from the peer was lost');
}

function hangUp({ client, peer }: Call): void {
  client.close();
  peer.close();
}

async function get(port: number, path: string, localAddress: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request({ port, path, localAddress, host: '127.0.0.1', agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () =>
        response.statusCode === 200 ? resolve(text) : reject(new Error(`HTTP ${response.statusCode}`)),
      );
    });
    asked.on('error', reject).end();
  });
}
