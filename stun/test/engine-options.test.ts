// What reaches the engine of what the operator has set.
import { readSettings, silentLog } from '@relay-swarm/kit';
import { ByteBudget } from '@relay-swarm/net/budget';
import type { TurnLimits } from '../src/engine.ts';
import { DEFAULT_LIMITS } from './contracts/options.ts';
import { engineOptions, limitsOf, relayHosts } from '../src/engine-options.ts';
import { interfaceAddresses } from '@relay-swarm/net/own-addresses';
import { checkSettings, settings } from '../src/settings.ts';

describe('engineOptions()', () => {
  it('hands on peers, proxies, times and ports, and this machine’s own addresses', () => {
    const found = readSettings(
      {
        STUN_PROXY_PROTOCOL_FROM: '10.0.0.1',
        STUN_ALLOWED_PEERS: '10.1.0.0/16',
        STUN_DENIED_PEERS: '10.1.2.3',
        STUN_RELAY_PORT_MIN: '50000',
        STUN_RELAY_PORT_MAX: '50010',
        STUN_NONCE_SECONDS: '61',
        STUN_ALLOCATION_SECONDS_MAX: '601',
        STUN_IDLE_CONNECTION_SECONDS_MAX: '6',
        STUN_LISTEN_ADDRESSES: '127.0.0.1',
      },
      settings,
      checkSettings,
    );
    const address = { ipv4: '1.0.0.1', ipv6: undefined, source: 'PUBLIC_IP', warnings: [] } as const;
    const options = engineOptions(
      found,
      { address, own: [], tlsFiles: undefined, secrets: () => [], budget: new ByteBudget({ bytesMax: 1 }) },
      silentLog,
    );
    expect(options).toMatchObject({
      proxyProtocolFrom: ['10.0.0.1'],
      peers: { allowed: ['10.1.0.0/16'], denied: ['10.1.2.3'] },
      relayPortMin: 50_000,
      relayPortMax: 50_010,
      lifetimes: { nonceSeconds: 61, allocationSecondsMax: 601, idleConnectionSecondsMax: 6 },
      udp: [{ host: '127.0.0.1', port: 3478 }],
      tcp: [{ host: '127.0.0.1', port: 3478 }],
      tls: [],
    });
    expect(options.ownAddresses()).toEqual(interfaceAddresses());
  });

  it('hands on every limit under its own name', () => {
    const names = Object.keys(DEFAULT_LIMITS) as (keyof TurnLimits)[];
    const wanted = Object.fromEntries(names.map((name, at) => [name, 1_000 + at])) as unknown as TurnLimits;
    expect(limitsOf({ ...readSettings({}, settings, checkSettings), ...wanted })).toEqual(wanted);
  });
});

describe('relayHosts()', () => {
  it('bind to the announced address where it is this machine’s, and to any behind NAT and on loopback', () => {
    const found = { source: 'PUBLIC_IP', warnings: [] } as const;
    const bindOf = (ipv4: string | undefined, ipv6: string | undefined, own: string[]): string[] =>
      relayHosts({ ...found, ipv4, ipv6 }, own).map(({ bind }) => bind);
    expect(bindOf('1.0.0.1', '2600::1', ['1.0.0.1', '2600::1'])).toEqual(['1.0.0.1', '2600::1']);
    expect(bindOf('1.0.0.1', '2600::1', ['10.0.0.1'])).toEqual(['0.0.0.0', '::']);
    expect(bindOf('127.0.0.1', undefined, ['127.0.0.1'])).toEqual(['0.0.0.0']);
  });
});
