// Options for engines under test: loopback only, free ports, one password for all.
import { createHash, randomBytes } from 'node:crypto';
import { networkInterfaces } from 'node:os';
import { performance } from 'node:perf_hooks';
import { readSettings, silentLog } from '@relay-swarm/kit';
import { ByteBudget } from '@relay-swarm/net/budget';
import type { Authenticate, TurnEngineOptions } from '../../src/engine.ts';
import { lifetimesOf, limitsOf } from '../../src/engine-options.ts';
import { checkSettings, settings } from '../../src/settings.ts';
import { interfaceAddresses } from '@relay-swarm/net/own-addresses';

export const REALM = 'relay-swarm.test';
export const PASSWORD = 'correct horse';
export const ALICE = { username: 'alice', password: PASSWORD };
export const BOB = { username: 'bob', password: PASSWORD };

/** What ships. */
const defaults = readSettings({}, settings, checkSettings);
export const DEFAULT_LIMITS = limitsOf(defaults);
const DEFAULT_LIFETIMES = lifetimesOf(defaults);

/** Knows everybody but "nobody"; a name that begins with "expired" is. */
export const authenticate: Authenticate = (username) =>
  username === 'nobody'
    ? undefined
    : {
        keys: [createHash('md5').update(`${username}:${REALM}:${PASSWORD}`).digest()],
        account: username,
        expiresInMs: username.startsWith('expired') ? -1 : Infinity,
      };

export type OptionChanges = Partial<Omit<TurnEngineOptions, 'limits' | 'lifetimes'>> & {
  readonly limits?: Partial<TurnEngineOptions['limits']>;
  readonly lifetimes?: Partial<TurnEngineOptions['lifetimes']>;
};

/** Peers on loopback are allowed, because there are no others in a test. */
export function engineOptions(changes: OptionChanges = {}): TurnEngineOptions {
  return {
    udp: [{ host: '127.0.0.1', port: 0 }],
    tcp: [],
    tls: [],
    budget: new ByteBudget({ bytesMax: 2 ** 30 }),
    realm: REALM,
    software: '',
    authenticate,
    relayHosts: [{ bind: '127.0.0.1', announced: '127.0.0.1' }],
    ...randomPortRange(),
    peers: { allowed: ['127.0.0.0/8', '::1'], denied: [] },
    ownAddresses: interfaceAddresses,
    proxyProtocolFrom: [],
    log: silentLog,
    monotonicMs: () => performance.now(),
    randomBytes,
    ...changes,
    limits: { ...DEFAULT_LIMITS, ...changes.limits },
    lifetimes: { ...DEFAULT_LIFETIMES, ...changes.lifetimes },
  };
}

/** Test files run side by side; each takes its relay ports from another corner, below the ports that systems hand out. */
function randomPortRange(): { relayPortMin: number; relayPortMax: number } {
  const relayPortMin = 12_000 + 64 * Math.floor(Math.random() * 300);
  return { relayPortMin, relayPortMax: relayPortMin + 63 };
}

/** Containers often have none; for `requireFound()`. */
export const ipv6Loopback = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ address }) => address === '::1')?.address;
