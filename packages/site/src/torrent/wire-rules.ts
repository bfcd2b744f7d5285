// What holds for each connection to a peer, whichever torrent it is of.
import type { Torrent, Wire } from './client.ts';

/** Bytes of files, since the page opened. */
export interface WireCounts {
  fromPeers: number;
  fromServers: number;
  uploaded: number;
}

/**
 * A peer that has sent nothing for so long of what was asked for is let go, and looked for again. The library waits for half a minute, and a
 * connection from a Node process can end up silent for ever with its channel open (docs/decisions.md, 2026-11-29).
 */
export const SILENT_MS_MAX = 10_000;

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
  if (wire.type === 'webSeed') return; // its requests have a time-out of HTTP
  wire.setTimeout(SILENT_MS_MAX, true);
  wire.on('timeout', () => torrent.discovery?.tracker?.update?.()); // the library has ended it: else they meet again minutes later
}
