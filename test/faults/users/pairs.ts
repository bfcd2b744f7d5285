// Pairs of pages that introduce themselves to each other all the while: at the tracker and at PeerJS.
import { staying, type HonestClient } from '../../attack/honest/honest-client.ts';
import { JsonSocket, type Received } from '../../attack/honest/json-socket.ts';

const PAUSE_MS = 200;
const SDP = 'x'.repeat(1_000);
const FROM = '127.0.0.1';

interface Pair {
  readonly asking: JsonSocket;
  readonly answering: JsonSocket;
  rounds: number;
}

async function pairOf(first: Promise<JsonSocket>, second: Promise<JsonSocket>): Promise<Pair> {
  const opened = await Promise.allSettled([first, second]);
  const sockets = opened.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const failed = opened.find((one) => one.status === 'rejected');
  if (failed === undefined) return { asking: sockets[0]!, answering: sockets[1]!, rounds: 0 };
  for (const socket of sockets) socket.close();
  throw failed.reason;
}

function hangUp({ asking, answering }: Pair): void {
  asking.close();
  answering.close();
}

const announce = (infoHash: string, peerId: string, more: object = {}): object => ({
  action: 'announce',
  info_hash: infoHash.padEnd(20),
  peer_id: peerId.padEnd(20),
  left: 1,
  ...more,
});

/** Offer and answer, again and again. A pair that lost its sockets opens new ones at once. */
export function trackerPairs(port: number, count: number): HonestClient[] {
  const url = `ws://localhost:${port}/`;
  return Array.from({ length: count }, (_, index) => {
    const hash = `steady swarm ${index}`;
    const [asker, answerer] = [`steady asking ${index}`, `steady answers ${index}`];
    let offers = 0;
    return staying(
      'offer',
      PAUSE_MS,
      async () => {
        const pair = await pairOf(JsonSocket.open(url, FROM), JsonSocket.open(url, FROM));
        pair.answering.send(announce(hash, answerer));
        await pair.answering.take((message) => 'interval' in message);
        return pair;
      },
      async ({ asking, answering }) => {
        const offerId = String(offers++).padStart(20, '0');
        const is = (field: string) => (message: Received) =>
          field in message && message['offer_id'] === offerId;
        asking.send(
          announce(hash, asker, {
            numwant: 1,
            offers: [{ offer: { type: 'offer', sdp: SDP }, offer_id: offerId }],
          }),
        );
        await answering.take(is('offer'));
        answering.send(
          announce(hash, answerer, {
            to_peer_id: asker.padEnd(20),
            offer_id: offerId,
            answer: { type: 'answer', sdp: SDP },
          }),
        );
        await asking.take(is('answer'));
      },
      hangUp,
    );
  });
}

export function peerjsPairs(port: number, count: number): HonestClient[] {
  const open = async (id: string): Promise<JsonSocket> => {
    const socket = await JsonSocket.open(
      `ws://localhost:${port}/peerjs?key=peerjs&id=${id}&token=steady&version=1.5.5`,
      FROM,
    );
    await socket.take(({ type }) => type === 'OPEN');
    return socket;
  };
  return Array.from({ length: count }, (_, index) => {
    const [alice, bob] = [`steady-alice-${index}`, `steady-bob-${index}`];
    return staying(
      'message',
      PAUSE_MS,
      () => pairOf(open(alice), open(bob)),
      async (pair) => {
        const number = pair.rounds++;
        const is = (type: string) => (message: Received) =>
          message['type'] === type &&
          (message['payload'] as { number?: number } | undefined)?.number === number;
        pair.asking.send({ type: 'OFFER', dst: bob, payload: { number, sdp: SDP } });
        await pair.answering.take(is('OFFER'));
        pair.answering.send({ type: 'ANSWER', dst: alice, payload: { number, sdp: SDP } });
        await pair.asking.take(is('ANSWER'));
      },
      hangUp,
    );
  });
}
