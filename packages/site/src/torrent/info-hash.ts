// The info hash of a .torrent file, in a browser.
import { findInfo } from '@relay-swarm/protocol/torrent-info';

/** The info hash in hexadecimal digits; undefined where the bytes are no .torrent. */
export async function infoHashOf(torrent: Uint8Array<ArrayBuffer>): Promise<string | undefined> {
  const info = findInfo(torrent);
  if (info === undefined) return undefined;
  const digest = await crypto.subtle.digest('SHA-1', info);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
