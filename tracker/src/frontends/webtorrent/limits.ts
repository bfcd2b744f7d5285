// What a client is told that meets a limit of the swarms.
import type { SwarmRefusal } from '../../swarm/swarm-store.ts';
import type { AnnounceRefusal } from '../announce-rule.ts';

export const LIMITS: Readonly<Record<SwarmRefusal, AnnounceRefusal<SwarmRefusal>>> = {
  SWARMS_FULL: {
    cause: 'SWARMS_FULL',
    reason: 'This tracker serves no further torrents at the moment, try another one',
  },
  CONNECTION_SWARMS_FULL: {
    cause: 'CONNECTION_SWARMS_FULL',
    reason: 'Too many torrents on one connection: stop some, or open another connection',
  },
  PEERS_FULL: { cause: 'PEERS_FULL', reason: 'This tracker has no room for further peers, try another one' },
  MEMORY_FULL: {
    cause: 'MEMORY_FULL',
    reason: 'This tracker has no memory for further peers of yours now, try another one',
  },
  ADDRESS_PEERS_FULL: {
    cause: 'ADDRESS_PEERS_FULL',
    reason: 'Too many torrents from one address: stop some',
  },
  PEER_ID_CONTESTED: {
    cause: 'PEER_ID_CONTESTED',
    reason:
      'This peer_id is on another connection, which is asked for a sign of life: announce again in a moment',
  },
  PEER_ID_HELD: {
    cause: 'PEER_ID_HELD',
    reason: 'This peer_id is in use on another connection: choose another one',
  },
};
