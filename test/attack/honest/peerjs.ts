// Honest PeerJS clients: pairs that send each other offers, and newcomers.
import { HONEST, NEWCOMERS, type Target } from '../attack.ts';
import { newcomers, staying, type HonestClient } from './honest-client.ts';
import { JsonSocket } from './json-socket.ts';

const PAIRS = 4;
const PAUSE_MS = 60;
const SDP = 'x'.repeat(1_000);

export const peerjsPath = (id: string, token = 'token'): string =>
  `/peerjs?key=peerjs&id=${id}&token=${token}&version=1.5.5`;
/** Known to the attackers as well. */
export const honestId = (who: 'alice' | 'bob', pair: number): string => `${who}${pair}`;

interface Pair {
  readonly alice: JsonSocket;
  readonly bob: JsonSocket;
  rounds: number;
}

export function honestPeers({ port }: Target): HonestClient[] {
  const pairs = Array.from({ length: PAIRS }, (_, index) =>
    staying(
      'message',
      PAUSE_MS,
      async (): Promise<Pair> => ({
        alice: await open(port, honestId('alice', index), HONEST),
        bob: await open(port, honestId('bob', index), HONEST),
        rounds: 0,
      }),
      (pair) => trade(pair, index),
      ({ alice, bob }) => {
        alice.close();
        bob.close();
      },
    ),
  );
  return [
    ...pairs,
    newcomers(300, async (visit) => {
      const peer = await open(port, `newcomer${visit}`, NEWCOMERS[visit % NEWCOMERS.length]!);
      peer.close();
    }),
  ];
}

async function open(port: number, id: string, address: string): Promise<JsonSocket> {
  const socket = await JsonSocket.open(`ws://127.0.0.1:${port}${peerjsPath(id)}`, address);
  await socket.take(({ type }) => type === 'OPEN');
  return socket;
}

async function trade(pair: Pair, index: number): Promise<void> {
  const number = pair.rounds++;
  const is = (type: string) => (message: Readonly<Record<string, unknown>>) =>
    message['type'] === type && (message['payload'] as { number?: number } | undefined)?.number === number;
  pair.alice.send({ type: 'OFFER', dst: honestId('bob', index), payload: { number, sdp: SDP } });
  await pair.bob.take(is('OFFER'));
  pair.bob.send({ type: 'ANSWER', dst: honestId('alice', index), payload: { number, sdp: SDP } });
  await pair.alice.take(is('ANSWER'));
}
