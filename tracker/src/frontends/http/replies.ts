// Writes the answers to GET /announce and GET /scrape (BEP 3, 7, 23, 31, 48). The only importer of bencode. Pure.
import bencode from 'bencode';
import { joinEndpoints, unpackEndpoint } from '../../swarm/endpoint.ts';
import type { Counts, IpAnnounced, IpFailure, NamedPeer } from '../ip-announce.ts';

/** When to come back is told in minutes (BEP 31). */
export function writeFailure({ failure, retryMinutes }: IpFailure): Uint8Array {
  const retry = retryMinutes === undefined ? {} : { 'retry in': retryMinutes };
  return bencode.encode({ 'failure reason': failure, ...retry });
}

/** Written out, since most answers are of this form and the library takes ten times as long; its keys are in their order. */
export function writeCompactAnnounce(answer: IpAnnounced): Uint8Array {
  const { complete, downloaded, incomplete, intervalSeconds } = answer;
  const peers4 = joinEndpoints(answer.peers4);
  const peers6 = joinEndpoints(answer.peers6);
  return Buffer.from(
    `d8:completei${complete}e10:downloadedi${downloaded}e10:incompletei${incomplete}e8:intervali${intervalSeconds}e` +
      `5:peers${peers4.length}:${peers4}${peers6 === '' ? '' : `6:peers6${peers6.length}:${peers6}`}e`,
    'latin1',
  );
}

/** The form from before BEP 23, one dictionary for each peer. */
export function writePlainAnnounce(answer: IpAnnounced, wantsPeerIds: boolean): Uint8Array {
  const { peers4, peers6, ...counts } = answer;
  const peers = [...peers4, ...peers6].map(({ endpoint, id }: NamedPeer) => {
    const { address: ip, port } = unpackEndpoint(endpoint);
    return wantsPeerIds ? { ip, port, 'peer id': Buffer.from(id, 'latin1') } : { ip, port };
  });
  return bencode.encode({ ...writeCounts(counts), peers });
}

/**
 * Keys of a dictionary are raw bytes in their order. The library orders binary keys by how JavaScript would print them, so the
 * dictionary of files is put together here.
 */
export function writeScrape(
  infoHashes: readonly string[],
  counts: readonly Counts[],
  intervalSeconds: number,
): Uint8Array {
  const files = new Map(infoHashes.map((infoHash, index) => [infoHash, counts[index]!]));
  const sorted = [...files].sort(([one], [other]) => (one < other ? -1 : 1));
  return Buffer.concat([
    Buffer.from('d5:filesd'),
    ...sorted.flatMap(([infoHash, { complete, downloaded, incomplete }]) => [
      bencode.encode(Buffer.from(infoHash, 'latin1')),
      bencode.encode({ complete, downloaded, incomplete }),
    ]),
    Buffer.from('e5:flags'),
    bencode.encode({ min_request_interval: intervalSeconds }),
    Buffer.from('e'),
  ]);
}

function writeCounts(answer: Counts & { readonly intervalSeconds: number }) {
  const { complete, incomplete, downloaded, intervalSeconds } = answer;
  return { complete, incomplete, downloaded, interval: intervalSeconds };
}
