// The tracker's main job, once: two clients meet in a swarm and exchange an offer and an answer.
import { randomBytes } from 'node:crypto';
import { port, TrackerClient } from './bundle.ts';

/** Bytes as WebTorrent writes them: one character each. */
const binary = (length: number): string => randomBytes(length).toString('latin1');

/** Resolves with what each side received; both clients are closed afterwards. `secondAt`: where the second one has another port. */
export async function announcePair(
  host: string,
  at = port,
  secondAt = at,
): Promise<{ offer: unknown; answer: unknown }> {
  const infoHash = binary(20);
  const [first, second] = [await TrackerClient.open(host, at), await TrackerClient.open(host, secondAt)];
  try {
    const announce = (peerId: string, offers: readonly object[]) => ({
      action: 'announce',
      info_hash: infoHash,
      peer_id: peerId,
      uploaded: 0,
      downloaded: 0,
      left: 1,
      event: 'started',
      numwant: offers.length,
      offers,
    });
    const [firstId, secondId, offerId] = [binary(20), binary(20), binary(20)];
    first.send(announce(firstId, []));
    await first.next('interval');
    second.send(announce(secondId, [{ offer_id: offerId, offer: { type: 'offer', sdp: 'the offer' } }]));
    const { offer } = await first.next('offer');
    first.send({
      action: 'announce',
      info_hash: infoHash,
      peer_id: firstId,
      to_peer_id: secondId,
      offer_id: offerId,
      answer: { type: 'answer', sdp: 'the answer' },
    });
    const { answer } = await second.next('answer');
    return { offer, answer };
  } finally {
    first.close();
    second.close();
  }
}
