// The names of a torrent: its info hash and its magnet. Pure.
import { findInfo } from '@relay-swarm/protocol/torrent-info';
import { createHash } from 'node:crypto';

/** In hexadecimal; undefined where the bytes are no .torrent. */
export function infoHashOf(torrent: Uint8Array): string | undefined {
  const info = findInfo(torrent);
  return info === undefined ? undefined : createHash('sha1').update(info).digest('hex');
}

/** BEP 9; web seeds as `ws` (BEP 19). */
export function magnetOf(
  { infoHash, name }: { readonly infoHash: string; readonly name: string },
  trackers: readonly string[],
  webSeeds: readonly string[],
): string {
  const field = (key: string) => (value: string) => `&${key}=${encodeURIComponent(value)}`;
  return [
    `magnet:?xt=urn:btih:${infoHash}${field('dn')(name)}`,
    ...trackers.map(field('tr')),
    ...webSeeds.map(field('ws')),
  ].join('');
}

/** The .torrent with these trackers in it, whose info hash stays as it was: they stand before everything else (BEP 3, BEP 12). */
export function withTrackers(torrent: Uint8Array, trackers: readonly string[]): Uint8Array {
  const [first] = trackers;
  if (first === undefined) return torrent;
  const text = (value: string): string => `${Buffer.byteLength(value)}:${value}`;
  const tiers = trackers.map((url) => `l${text(url)}e`).join('');
  const head = `d${text('announce')}${text(first)}${text('announce-list')}l${tiers}e`;
  return Buffer.concat([Buffer.from(head), torrent.subarray(1)]);
}
