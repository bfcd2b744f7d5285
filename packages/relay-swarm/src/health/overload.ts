// How a relay turns away whom it has no room for.
import { refuseUpgrade } from '@relay-swarm/net';
import type { Roster } from '@relay-swarm/protocol';
import type { Duplex } from 'node:stream';

const RETRY_AFTER_SECONDS = 30;

/** Answers an upgrade with 503 and the roster, so that a client that understands it goes elsewhere at once; or with a reason. */
export function turnAway(socket: Duplex, answer: Roster | { readonly error: string }): void {
  refuseUpgrade(socket, 503, answer, {
    'Retry-After': RETRY_AFTER_SECONDS,
    'Cache-Control': 'no-store',
    'Access-Control-Allow-Origin': '*',
  });
}
