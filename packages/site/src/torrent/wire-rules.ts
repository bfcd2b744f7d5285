// What holds for each connection to a peer, whichever torrent it is of.
import { leaveSilentPeer } from '@relay-swarm/client/silent-peers';
import type { Torrent, Wire } from './client.ts';

/** Since the page opened; bytes of files. */
export interface WireCounts {
  fromPeers: number;
  fromServers: number;
  uploaded: number;
  /** Peers that were let go: leaveSilentPeer(). */
  silentPeers: number;
}

export function ruleWire(
  wire: Wire,
  torrent: Pick<Torrent, 'discovery'>,
  { counts, isSelfish }: { readonly counts: WireCounts; readonly isSelfish: boolean },
): void {
  const from = wire.type === 'webSeed' ? 'fromServers' : 'fromPeers';
  wire.on('download', (bytes) => (counts[from] += bytes));
  wire.on('upload', (bytes) => (counts.uploaded += bytes)); // the torrent's own count has requests in it too
  // The library lets everybody begin who is interested, whatever its option `uploads` says.
  if (isSelfish) wire.unchoke = () => undefined;
  leaveSilentPeer(wire, torrent, () => counts.silentPeers++);
}
