// The native TURN engine: the TURN server between its listeners and its relay sockets.
import { SettingsError } from '@relay-swarm/kit';
import type { TurnCapabilities, TurnEngine, TurnEngineOptions, TurnStats } from './engine.ts';
import { ConnectionCounts } from './listeners/connection-counts.ts';
import { Listeners } from './listeners/listeners.ts';
import { relaySocketOpener, tryRelaying } from './listeners/relay-sockets.ts';
import { familyOf } from '@relay-swarm/net/ip';
import { NAME_BYTES_MAX } from './stun/message-writer.ts';
import { countsNow, createCounters, type Counters } from './turn/counters.ts';
import { TurnServer } from './turn/turn-server.ts';

const SWEEP_MS = 1_000;

/** What a worker does beyond serving, told by the process that has started it. */
export interface NativeEngine extends TurnEngine {
  readonly listeners: Pick<Listeners, 'look' | 'arrange'>;
}

export function createNativeEngine(options: TurnEngineOptions): NativeEngine {
  check(options);
  const counters = createCounters();
  const connections = new ConnectionCounts(options.limits, options.worker?.counts);
  const turnServer = new TurnServer(options, relaySocketOpener(options, counters), counters);
  const listeners = new Listeners(options, turnServer, counters, connections);
  let sweeper: NodeJS.Timeout | undefined;

  const stop = async (): Promise<void> => {
    clearInterval(sweeper);
    await listeners.stop();
    turnServer.close();
  };

  return {
    name: 'turn',
    listeners,
    capabilities: capabilitiesOf(options),
    start: async () => {
      try {
        tryRelaying(options, counters);
        await listeners.start();
      } catch (error) {
        await stop();
        throw error;
      }
      sweeper = setInterval(() => {
        turnServer.sweep();
        listeners.sweep(options.monotonicMs());
      }, SWEEP_MS);
      sweeper.unref();
    },
    stop,
    listening: () => listeners.listening,
    stats: () => statsOf(turnServer, counters, connections),
    drain: () => {
      turnServer.table.isDraining = true;
    },
    reloadTls: (files) => listeners.reloadTls(files),
  };
}

function check(options: TurnEngineOptions): void {
  const { relayPortMin, relayPortMax, tls, tlsFiles, realm, software } = options;
  const faults = [
    options.relayHosts.length === 0 && 'Cannot relay: found no relay address, wanted at least one',
    relayPortMin > relayPortMax && `Cannot relay: found no ports from ${relayPortMin} to ${relayPortMax}`,
    tls.length > 0 && tlsFiles === undefined && 'Cannot listen for TLS: found no certificate',
    (realm === '' || Buffer.byteLength(realm) > NAME_BYTES_MAX) &&
      `Cannot use the realm: wanted 1 to ${NAME_BYTES_MAX} bytes`,
    Buffer.byteLength(software) > NAME_BYTES_MAX &&
      `Cannot use the software name: wanted at most ${NAME_BYTES_MAX} bytes`,
  ].filter((fault) => fault !== false);
  if (faults.length > 0) throw new SettingsError(faults.join('\n'));
}

function capabilitiesOf(options: TurnEngineOptions): TurnCapabilities {
  const families = options.relayHosts.map(({ announced }) => familyOf(announced));
  return {
    transports: (['udp', 'tcp', 'tls'] as const).filter((transport) => options[transport].length > 0),
    ipv6Listeners: true,
    relayedAddressFamilies: families,
    dualAllocation: families.length === 2,
    channelData: true,
    refresh: true,
    evenPort: true,
    reservationToken: true,
    dontFragment: process.platform === 'linux',
    idempotentAllocate: true,
    messageIntegritySha256: true,
    peerPolicy: true,
    quotas: true,
    bandwidthLimit: true,
    relayToRelayInProcess: true,
    proxyProtocol: true,
    tlsReload: true,
    drain: true,
    warnings: [],
  };
}

function statsOf(turnServer: TurnServer, counters: Counters, connections: ConnectionCounts): TurnStats {
  const { table } = turnServer;
  let permissions = 0;
  let channels = 0;
  for (const allocation of table.allocations) {
    permissions += allocation.permissions.size;
    channels += allocation.channels.size;
  }
  return {
    ...countsNow(counters),
    isDraining: table.isDraining,
    allocations: table.allocations.size,
    permissions,
    channels,
    reservations: table.reservations,
    connections: connections.total,
    relayPortsFree: turnServer.relayPortsFree,
  };
}
