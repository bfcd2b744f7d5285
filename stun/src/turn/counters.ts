// What the engine counts, as plain numbers: the hot path adds, metrics read.
import type { AuthFailure, DropReason } from '../engine.ts';

export const createCounters = () => ({
  allocationsTotal: 0,
  connectionsTotal: 0,
  connectionsRefusedTotal: 0,
  packetsToPeers: 0,
  packetsToClients: 0,
  bytesToPeers: 0,
  bytesToClients: 0,
  bindings: 0,
  drops: {
    malformed: 0,
    unexpected: 0,
    rateLimit: 0,
    noPermission: 0,
    noChannel: 0,
    peerPolicy: 0,
    bandwidth: 0,
    sendBuffer: 0,
    tooLarge: 0,
    socketError: 0,
  } satisfies Record<DropReason, number>,
  authFailures: {
    unknownUser: 0,
    wrongPassword: 0,
    expired: 0,
    staleNonce: 0,
    wrongRealm: 0,
  } satisfies Record<AuthFailure, number>,
  errorResponses: {} as Record<string, number>,
});

export type Counters = ReturnType<typeof createCounters>;

/** A copy of the counters as they are now. */
export const countsNow = (counters: Counters): Counters => ({
  ...counters,
  drops: { ...counters.drops },
  authFailures: { ...counters.authFailures },
  errorResponses: { ...counters.errorResponses },
});
