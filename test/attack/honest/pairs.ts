// Pairs of honest pages that introduce themselves to each other all the while, at the tracker and at PeerJS.
import { staying, type HonestClient } from './honest-client.ts';
import { JsonSocket, type Received } from './json-socket.ts';

const SDP = 'x'.repeat(1_000);

interface Pair {
  readonly asking: JsonSocket;
  readonly answering: JsonSocket;
}

/** Opens both, or neither. */
async function pairOf(first: Promise<JsonSocket>, second: Promise<JsonSocket>): Promise<Pair> {
  const opened = await Promise.allSettled([first, second]);
  const sockets = opened.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const failed = opened.find((one) => one.status === 'rejected');
  if (failed === undefined) return { asking: sockets[0]!, answering: sockets[1]! };
  for (const socket of sockets) socket.close();
  throw failed.reason;
}

function hangUp({ asking, answering }: Pair): void {
  asking.close();
  answering.close();
}

/** Ids have 20 characters. */
export const trackerId = (text: string): string => text.padEnd(20);

export const announce = (infoHash: string, peerId: string, more: object = {}): object => ({
  action: 'announce',
  info_hash: infoHash,
  peer_id: peerId,
  left: 1,
  ...more,
});

export interface TrackerPair {
  readonly url: string;
  readonly localAddress: string;
  readonly pauseMs: number;
  readonly infoHash: string;
  readonly asker: string;
  readonly answerer: string;
}

/** Offer and answer in one swarm, again and again. A pair that lost its sockets opens new ones at once. */
export function trackerPair({
  url,
  localAddress,
  pauseMs,
  infoHash,
  asker,
  answerer,
}: TrackerPair): HonestClient {
  let offers = 0;
  const open = async (): Promise<Pair> => {
    const pair = await pairOf(JsonSocket.open(url, localAddress), JsonSocket.open(url, localAddress));
    pair.answering.send(announce(infoHash, answerer));
    await pair.answering.take((message) => 'interval' in message);
    return pair;
  };
  const trade = async ({ asking, answering }: Pair): Promise<void> => {
    const offerId = String(offers++).padStart(20, '0');
    const is = (field: string) => (message: Received) => field in message && message['offer_id'] === offerId;
    const offer = { offer: { type: 'offer', sdp: SDP }, offer_id: offerId };
    asking.send(announce(infoHash, asker, { numwant: 1, offers: [offer] }));
    await answering.take(is('offer'));
    const answer = { to_peer_id: asker, offer_id: offerId, answer: { type: 'answer', sdp: SDP } };
    answering.send(announce(infoHash, answerer, answer));
    await asking.take(is('answer'));
  };
  return staying('offer', pauseMs, open, trade, hangUp);
}

export interface PeerjsPair {
  readonly localAddress: string;
  readonly pauseMs: number;
  readonly asker: string;
  readonly answerer: string;
  /** Where a PeerJS client with this id connects. */
  readonly urlOf: (id: string) => string;
}

/** Resolves when PeerJS has given it its id. */
export async function openPeer(url: string, localAddress: string): Promise<JsonSocket> {
  const socket = await JsonSocket.open(url, localAddress);
  await socket.take(({ type }) => type === 'OPEN');
  return socket;
}

export function peerjsPair({ localAddress, pauseMs, asker, answerer, urlOf }: PeerjsPair): HonestClient {
  let rounds = 0;
  const open = (): Promise<Pair> =>
    pairOf(openPeer(urlOf(asker), localAddress), openPeer(urlOf(answerer), localAddress));
  const trade = async ({ asking, answering }: Pair): Promise<void> => {
    const number = rounds++;
    const is = (type: string) => (message: Received) =>
      message['type'] === type && (message['payload'] as { number?: number } | undefined)?.number === number;
    asking.send({ type: 'OFFER', dst: answerer, payload: { number, sdp: SDP } });
    await answering.take(is('OFFER'));
    answering.send({ type: 'ANSWER', dst: asker, payload: { number, sdp: SDP } });
    await asking.take(is('ANSWER'));
  };
  return staying('message', pauseMs, open, trade, hangUp);
}
