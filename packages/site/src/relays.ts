// The swarm of relays as all that plays and seeds in this page sees it: one view for each list of origins.
import { TorrentRelays } from '@relay-swarm/client';

export type Relays = Pick<TorrentRelays, 'announceUrls' | 'iceServers' | 'keep'>;

const known = new Map<string, Relays>();

/** @param origins of relays' pages, separated by blanks */
export function relaysOf(origins: string): Relays {
  const found = known.get(origins) ?? new TorrentRelays(origins.split(/\s+/));
  known.set(origins, found);
  return found;
}
