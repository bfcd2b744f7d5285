// Honest pages at the tracker: pairs that trade offers and answers, and newcomers.
import { HONEST, NEWCOMERS, type Target } from '../attack.ts';
import { newcomers, type HonestClient } from './honest-client.ts';
import { JsonSocket } from './json-socket.ts';
import { announce, trackerId, trackerPair } from './pairs.ts';

const PAIRS = 4;
/** Announces are limited to ten in a second. */
const PAUSE_MS = 105;

/** Known to the attackers as well: a swarm's name is no secret. */
export const honestHash = (pair: number): string => trackerId(`honest swarm ${pair}`);
export const honestPeerId = (who: 'asking' | 'answering', pair: number): string =>
  trackerId(`${who} ${pair}`);

export function honestPages({ port }: Target): HonestClient[] {
  const url = `ws://127.0.0.1:${port}`;
  const pairs = Array.from({ length: PAIRS }, (_, index) =>
    trackerPair({
      url,
      localAddress: HONEST,
      pauseMs: PAUSE_MS,
      infoHash: honestHash(index),
      asker: honestPeerId('asking', index),
      answerer: honestPeerId('answering', index),
    }),
  );
  return [
    ...pairs,
    newcomers(300, async (visit) => {
      const page = await JsonSocket.open(url, NEWCOMERS[visit % NEWCOMERS.length]!);
      page.send(announce(trackerId(`new swarm ${visit}`), trackerId(`newcomer ${visit}`)));
      await page.take((message) => 'interval' in message);
      page.close();
    }),
  ];
}
