// Honest PeerJS clients: pairs that send each other offers, and newcomers.
import { HONEST, NEWCOMERS, type Target } from '../attack.ts';
import { newcomers, type HonestClient } from './honest-client.ts';
import { openPeer, peerjsPair } from './pairs.ts';

const PAIRS = 4;
const PAUSE_MS = 60;

export const peerjsPath = (id: string, token = 'token'): string =>
  `/peerjs?key=peerjs&id=${id}&token=${token}&version=1.5.5`;
/** Known to the attackers as well. */
export const honestId = (who: 'alice' | 'bob', pair: number): string => `${who}${pair}`;

export function honestPeers({ port }: Target): HonestClient[] {
  const urlOf = (id: string): string => `ws://127.0.0.1:${port}${peerjsPath(id)}`;
  const pairs = Array.from({ length: PAIRS }, (_, index) =>
    peerjsPair({
      localAddress: HONEST,
      pauseMs: PAUSE_MS,
      asker: honestId('alice', index),
      answerer: honestId('bob', index),
      urlOf,
    }),
  );
  return [
    ...pairs,
    newcomers(300, async (visit) => {
      const peer = await openPeer(urlOf(`newcomer${visit}`), NEWCOMERS[visit % NEWCOMERS.length]!);
      peer.close();
    }),
  ];
}
