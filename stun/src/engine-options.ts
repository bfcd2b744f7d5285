// The options of an engine, made from the settings, the secrets and the addresses that were found.
import type { Log } from '@relay-swarm/kit';
import type { ByteBudget } from '@relay-swarm/net/budget';
import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { createAuthenticate } from './auth/authenticate.ts';
import type {
  Endpoint,
  RelayHost,
  TlsFiles,
  TurnEngineOptions,
  TurnLifetimes,
  TurnLimits,
} from './engine.ts';
import { interfaceAddresses } from '@relay-swarm/net/own-addresses';
import type { PublicAddress } from './public-address.ts';
import type { StunSettings } from './settings.ts';

const ALLOCATION_SECONDS_DEFAULT = 600;

export interface Found {
  readonly address: PublicAddress;
  /** The addresses on this machine's interfaces. */
  readonly own: readonly string[];
  readonly tlsFiles: TlsFiles | undefined;
  readonly secrets: () => readonly string[];
  readonly budget: ByteBudget;
}

export function engineOptions(settings: StunSettings, found: Found, log: Log): TurnEngineOptions {
  const { realm, relayPortMin, relayPortMax, proxyProtocolFrom } = settings;
  const { address, own, tlsFiles, secrets, budget } = found;
  const hosts = settings.listenAddresses.length > 0 ? settings.listenAddresses : ['0.0.0.0', '::'];
  const at = (port: number): Endpoint[] => hosts.map((host) => ({ host, port }));
  return {
    udp: at(settings.port),
    tcp: at(settings.port),
    tls: tlsFiles === undefined ? [] : at(settings.tlsPort),
    ...(tlsFiles && { tlsFiles }),
    budget,
    realm,
    software: '', // clients need not know
    authenticate: createAuthenticate({ secrets, realm, wallClockMs: Date.now }),
    relayHosts: relayHosts(address, own),
    relayPortMin,
    relayPortMax,
    peers: { allowed: settings.allowedPeers, denied: settings.deniedPeers },
    ownAddresses: interfaceAddresses,
    limits: limitsOf(settings),
    lifetimes: lifetimesOf(settings),
    proxyProtocolFrom,
    log,
    monotonicMs: () => performance.now(),
    randomBytes,
  };
}

export function lifetimesOf(settings: StunSettings): TurnLifetimes {
  return {
    allocationSecondsDefault: ALLOCATION_SECONDS_DEFAULT,
    allocationSecondsMax: settings.allocationSecondsMax,
    nonceSeconds: settings.nonceSeconds,
    expiredGraceSeconds: settings.expiredGraceSeconds,
    idleConnectionSecondsMax: settings.idleConnectionSecondsMax,
  };
}

export function limitsOf(settings: StunSettings): TurnLimits {
  return {
    allocationsMax: settings.allocationsMax,
    allocationsPerUserMax: settings.allocationsPerUserMax,
    allocationsPerAddressMax: settings.allocationsPerAddressMax,
    permissionsPerAllocationMax: settings.permissionsPerAllocationMax,
    channelsPerAllocationMax: settings.channelsPerAllocationMax,
    bytesPerSecondPerAllocationMax: settings.bytesPerSecondPerAllocationMax,
    bytesPerSecondPerUserMax: settings.bytesPerSecondPerUserMax,
    bytesPerSecondMax: settings.bytesPerSecondMax,
    connectionsMax: settings.connectionsMax,
    connectionsPerAddressMax: settings.connectionsPerAddressMax,
    unauthenticatedPerSecondMax: settings.unauthenticatedPerSecondMax,
    controlPerSecondPerAllocationMax: settings.controlPerSecondPerAllocationMax,
    controlPerSecondPerUserMax: settings.controlPerSecondPerUserMax,
    controlPerSecondPerAddressMax: settings.controlPerSecondPerAddressMax,
    sendBufferBytesMax: settings.sendBufferBytesMax,
  };
}

/**
 * Relay sockets bind to the announced address where it is this machine's, so that peers see packets come from it; behind NAT
 * and on loopback (a container that is published there) to any.
 */
export function relayHosts({ ipv4, ipv6 }: PublicAddress, own: readonly string[]): RelayHost[] {
  const relay = (announced: string | undefined, any: string): RelayHost[] => {
    if (announced === undefined) return [];
    const isLoopback = announced === '::1' || announced.startsWith('127.');
    return [{ announced, bind: own.includes(announced) && !isLoopback ? announced : any }];
  };
  return [...relay(ipv4, '0.0.0.0'), ...relay(ipv6, '::')];
}
