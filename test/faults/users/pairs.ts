// Pairs of pages that introduce themselves to each other all the while: at the tracker and at PeerJS.
import type { HonestClient } from '../../attack/honest/honest-client.ts';
import { peerjsPair, trackerId, trackerPair } from '../../attack/honest/pairs.ts';
import { peerjsPath } from '../../attack/honest/peerjs.ts';

const PAUSE_MS = 200;
const FROM = '127.0.0.1';

export function trackerPairs(port: number, count: number): HonestClient[] {
  return Array.from({ length: count }, (_, index) =>
    trackerPair({
      url: `ws://localhost:${port}/`,
      localAddress: FROM,
      pauseMs: PAUSE_MS,
      infoHash: trackerId(`steady swarm ${index}`),
      asker: trackerId(`steady asking ${index}`),
      answerer: trackerId(`steady answers ${index}`),
    }),
  );
}

export function peerjsPairs(port: number, count: number): HonestClient[] {
  return Array.from({ length: count }, (_, index) =>
    peerjsPair({
      localAddress: FROM,
      pauseMs: PAUSE_MS,
      asker: `steady-alice-${index}`,
      answerer: `steady-bob-${index}`,
      urlOf: (id) => `ws://localhost:${port}${peerjsPath(id, 'steady')}`,
    }),
  );
}
