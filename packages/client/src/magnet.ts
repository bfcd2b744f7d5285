// The two things that a magnet link says about meeting: which torrent, and which trackers its maker named (BEP 9).
import { infoHashKey } from '@relay-swarm/protocol/ranking';

const TRACKERS_MAX = 64;

export interface MagnetMeeting {
  /** Lowercase hexadecimal. */
  readonly infoHash: string;
  /** WebSocket trackers only: a browser reaches no others. */
  readonly trackers: readonly string[];
}

/** From a magnet link, or from an info hash in any spelling, which names no trackers. Throws ProtocolError. */
export function readMeeting(magnetOrInfoHash: string): MagnetMeeting {
  if (!/^magnet:/i.test(magnetOrInfoHash)) return { infoHash: infoHashKey(magnetOrInfoHash), trackers: [] };
  const query = new URLSearchParams(magnetOrInfoHash.slice(magnetOrInfoHash.indexOf('?') + 1));
  const topic = query.getAll('xt').find((xt) => /^urn:btih:/i.test(xt)) ?? '';
  const trackers = [...query]
    .filter(([name]) => /^tr(\.\d+)?$/.test(name))
    .map(([, url]) => url)
    .filter((url) => /^wss?:\/\/./i.test(url) && URL.canParse(url));
  return {
    infoHash: infoHashKey(topic.slice('urn:btih:'.length)),
    trackers: trackers.slice(0, TRACKERS_MAX),
  };
}
