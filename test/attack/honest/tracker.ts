// Honest pages at the tracker: pairs that trade offers and answers, and newcomers.
import { HONEST, NEWCOMERS, type Target } from '../attack.ts';
import { newcomers, staying, type HonestClient } from './honest-client.ts';
import { JsonSocket } from './json-socket.ts';

const PAIRS = 4;
/** Announces are limited to ten in a second. */
const PAUSE_MS = 105;
const SDP = 'x'.repeat(1_000);

/** Known to the attackers as well: a swarm's name is no secret. */
export const honestHash = (pair: number): string => `honest swarm ${pair}`.padEnd(20);
export const honestPeerId = (who: 'asking' | 'answering', pair: number): string =>
  `${who} ${pair}`.padEnd(20);

interface Pair {
  readonly asking: JsonSocket;
  readonly answering: JsonSocket;
  rounds: number;
}

export function honestPages({ port }: Target): HonestClient[] {
  const url = `ws://127.0.0.1:${port}`;
  const pairs = Array.from({ length: PAIRS }, (_, index) =>
    staying(
      'offer',
      PAUSE_MS,
      () => open(url, index),
      (pair) => trade(pair, index),
      ({ asking, answering }) => {
        asking.close();
        answering.close();
      },
    ),
  );
  return [
    ...pairs,
    newcomers(300, async (visit) => {
      const page = await JsonSocket.open(url, NEWCOMERS[visit % NEWCOMERS.length]!);
      page.send(announce(`new swarm ${visit}`.padEnd(20), `newcomer ${visit}`.padEnd(20)));
      await page.take((message) => 'interval' in message);
      page.close();
    }),
  ];
}

const announce = (infoHash: string, peerId: string, more: object = {}): object => ({
  action: 'announce',
  info_hash: infoHash,
  peer_id: peerId,
  left: 1,
  ...more,
});

async function open(url: string, pair: number): Promise<Pair> {
  const [asking, answering] = [await JsonSocket.open(url, HONEST), await JsonSocket.open(url, HONEST)];
  answering.send(announce(honestHash(pair), honestPeerId('answering', pair)));
  await answering.take((message) => 'interval' in message);
  return { asking, answering, rounds: 0 };
}

async function trade(pair: Pair, index: number): Promise<void> {
  const { asking, answering } = pair;
  const offerId = String(pair.rounds++).padStart(20, '0');
  const [infoHash, asker, answerer] = [
    honestHash(index),
    honestPeerId('asking', index),
    honestPeerId('answering', index),
  ];
  const offers = [{ offer: { type: 'offer', sdp: SDP }, offer_id: offerId }];
  asking.send(announce(infoHash, asker, { numwant: 1, offers }));
  await answering.take((message) => message['offer_id'] === offerId);
  const answer = { to_peer_id: asker, offer_id: offerId, answer: { type: 'answer', sdp: SDP } };
  answering.send(announce(infoHash, answerer, answer));
  await asking.take((message) => 'answer' in message && message['offer_id'] === offerId);
}
