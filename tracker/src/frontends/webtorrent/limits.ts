// What a client is told that meets a limit of the swarms.
import type { SwarmRefusal } from '../../swarm/swarm-store.ts';
import type { AnnounceRefusal } from '../announce-rule.ts';

export const LIMITS: Readonly<Record<SwarmRefusal, AnnounceRefusal<SwarmRefusal>>> = {
  swarms_full: {
    cause: 'swarms_full',
    reason: 'This tracker serves no further torrents at the moment, try another one',
  },
  connection_swarms_full: {
    cause: 'connection_swarms_full',
    reason: 'Too many torrents on one connection: stop some, or open another connection',
  },
  peers_full: { cause: 'peers_full', reason: 'This tracker has no room for further peers, try another one' },
  memory_full: {
    cause: 'memory_full',
    reason: 'This tracker has no memory for further peers of yours now, try another one',
  },
  address_peers_full: {
    cause: 'address_peers_full',
    reason: 'Too many torrents from one address: stop some',
  },
  peer_id_contested: {
    cause: 'peer_id_contested',
    reason:
      'This peer_id is on another connection, which is asked for a sign of life: announce again in a moment',
  },
  peer_id_held: {
    cause: 'peer_id_held',
    reason: 'This peer_id is in use on another connection: choose another one',
  },
};
