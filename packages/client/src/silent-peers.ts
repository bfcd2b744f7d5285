// A peer that no longer sends what it was asked for is let go, and looked for again. In a page and in a Node process alike.

/**
 * WebTorrent itself waits for half a minute. A connection from a Node process can fall silent for ever while its channel stays open
 * (docs/decisions.md, 2026-11-29).
 */
export const SILENT_MS_MAX = 10_000;

/** What is used of WebTorrent's connection to a peer (bittorrent-protocol 4). */
export interface TimedWire {
  readonly type: string;
  on(event: 'timeout', listener: () => void): unknown;
  setTimeout(ms: number, isUnref?: boolean): unknown;
}
/** What is used of a webtorrent Torrent (version 2). */
export interface AnnouncedTorrent {
  readonly discovery?: { readonly tracker: { update?(): void } | null } | null;
}

/**
 * Lets a peer go that has sent nothing more of what was asked for. To be called for each new connection of the torrent.
 * @param left called for a peer that was let go
 */
export function leaveSilentPeer(
  wire: TimedWire,
  torrent: AnnouncedTorrent,
  left: () => void = () => undefined,
): void {
  if (wire.type === 'webSeed') return; // HTTP has a time-out of its own
  wire.setTimeout(SILENT_MS_MAX, true);
  wire.on('timeout', () => {
    // WebTorrent has ended the connection. Without an announce the two would meet again minutes later.
    torrent.discovery?.tracker?.update?.();
    left();
  });
}
