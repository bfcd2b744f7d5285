// Options of an engine on loopback with free ports, for tests.
import { silentLog } from '@relay-swarm/kit';
import { randomBytes } from 'node:crypto';
import { createAuthenticate } from '../../src/credentials/authenticate.ts';
import { mintCredential } from '../../src/credentials/credential.ts';
import {
  DEFAULT_LIFETIMES,
  DEFAULT_LIMITS,
  type TurnEngineOptions,
  type TurnLimits,
} from '../../src/engine.ts';
import type { User } from './turn-client.ts';

export const SECRET = 'ab'.repeat(32);
export const REALM = 'example.org';

export function loopbackOptions(
  options: Partial<TurnEngineOptions> = {},
  limits: Partial<TurnLimits> = {},
): TurnEngineOptions {
  return {
    udp: [{ host: '127.0.0.1', port: 0 }],
    tcp: [],
    tls: [],
    realm: REALM,
    software: '',
    authenticate: createAuthenticate({ secrets: () => [SECRET], realm: REALM, now: Date.now }),
    relayAddresses: [{ bind: '127.0.0.1', announced: '127.0.0.1' }],
    relayPortMin: 40_000,
    relayPortMax: 40_199,
    peers: { allowed: ['127.0.0.0/8'], denied: [] },
    limits: { ...DEFAULT_LIMITS, unauthenticatedPerSecondMax: 100_000, ...limits },
    lifetimes: DEFAULT_LIFETIMES,
    proxyProtocolFrom: [],
    channelNumberMax: 0x4fff,
    log: silentLog,
    nowMs: () => performance.now(),
    randomBytes,
    ...options,
  };
}

/** A user with a credential that our secret has made. */
export function userOf(name: string, ttlSeconds = 3_600): User {
  return mintCredential(SECRET, { name, nowMs: Date.now(), ttlSeconds });
}
