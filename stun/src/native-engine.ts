// The native TURN engine: the state machine between its listeners and its relay sockets.
import { explainListenError, SettingsError } from '@relay-swarm/kit';
import type {
  ListeningAddress,
  TlsFiles,
  TurnCapabilities,
  TurnEngine,
  TurnEngineOptions,
  TurnStats,
} from './engine.ts';
import { networkTest } from './turn/peer-policy.ts';
import { ConnectionCounts } from './listeners/connection-counts.ts';
import { countsNow, createCounters, type Counters } from './turn/counters.ts';
import { familyOf } from './stun/ip-address.ts';
import { TurnServer } from './turn/turn-server.ts';
import { NAME_BYTES_MAX } from './stun/message-writer.ts';
import { StreamListener } from './listeners/stream-listener.ts';
import { UdpListener } from './listeners/udp-listener.ts';
import { UdpSocket } from './listeners/udp-socket.ts';
import type { OpenRelaySocket } from './turn/transport-ports.ts';

const SWEEP_MS = 1_000;
/** One client's packets for a moment; there are as many of these as allocations. */
const RELAY_KERNEL_BUFFER_BYTES = 262_144;

export function createNativeEngine(options: TurnEngineOptions): TurnEngine {
  check(options);
  const counters = createCounters();
  const connections = new ConnectionCounts(options.limits);
  const openRelaySocket = relaySocketOpener(options, counters);
  const turnServer = new TurnServer(options, openRelaySocket, counters);
  const udp: UdpListener[] = [];
  const streams: StreamListener[] = [];
  let tlsFiles = options.tlsFiles;
  let sweeper: NodeJS.Timeout | undefined;

  const openUdp = (): void => {
    for (const endpoint of options.udp) {
      try {
        udp.push(new UdpListener(endpoint, turnServer, counters, options.limits.sendBufferBytesMax));
      } catch (error) {
        throw explainListenError(error as Error, 'TURN over UDP', endpoint.port, 'STUN_PORT');
      }
    }
  };
  const openStreams = async (): Promise<void> => {
    const isProxy = networkTest(options.proxyProtocolFrom);
    const shared = { options, turnServer, counters, connections, isProxy };
    for (const endpoint of options.tcp) {
      streams.push(new StreamListener({ ...shared, endpoint, tlsFiles: undefined }));
    }
    for (const endpoint of options.tls) streams.push(new StreamListener({ ...shared, endpoint, tlsFiles }));
    for (const [index, endpoint] of [...options.tcp, ...options.tls].entries()) {
      const isTls = index >= options.tcp.length;
      await streams[index]!.start().catch((error: unknown) => {
        throw explainListenError(
          error as Error,
          isTls ? 'TURN over TLS' : 'TURN over TCP',
          endpoint.port,
          isTls ? 'STUN_TLS_PORT' : 'STUN_PORT',
        );
      });
    }
  };
  const stop = async (): Promise<void> => {
    clearInterval(sweeper);
    for (const listener of udp.splice(0)) listener.close();
    await Promise.all(streams.splice(0).map((listener) => listener.close()));
    turnServer.close();
  };

  return {
    name: 'turn',
    capabilities: capabilitiesOf(options),
    start: async () => {
      try {
        tryRelaying(options, counters);
        openUdp();
        await openStreams();
      } catch (error) {
        await stop();
        throw error;
      }
      sweeper = setInterval(() => {
        turnServer.sweep();
        for (const listener of streams) listener.sweep(options.nowMs());
      }, SWEEP_MS);
      sweeper.unref();
    },
    stop,
    listening: (): readonly ListeningAddress[] => [...udp, ...streams].map((listener) => listener.listening),
    stats: () => statsOf(turnServer, counters, connections),
    drain: () => {
      turnServer.table.isDraining = true;
    },
    reloadTls: (files: TlsFiles) => {
      for (const listener of streams) listener.reloadTls(files);
      tlsFiles = files;
    },
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

function relaySocketOpener(options: TurnEngineOptions, counters: Counters): OpenRelaySocket {
  const hosts = new Map(options.relayHosts.map(({ bind }) => [familyOf(bind), bind]));
  return (family, port, onDatagram) => {
    const host = hosts.get(family);
    if (host === undefined) return undefined;
    try {
      return new UdpSocket({
        family,
        host,
        port,
        kernelBufferBytes: RELAY_KERNEL_BUFFER_BYTES,
        sendBufferBytesMax: options.limits.sendBufferBytesMax,
        counters,
        onDatagram,
      });
    } catch (error) {
      // Another program's port, or no file descriptor left: the client is told 508.
      options.log.debug('cannot open a relay port', { port, error });
      return undefined;
    }
  };
}

/** A relay address that is not this machine's would show only with the first client. */
function tryRelaying(options: TurnEngineOptions, counters: Counters): void {
  for (const { bind, announced } of options.relayHosts) {
    const family = familyOf(bind);
    if (family !== familyOf(announced)) {
      throw new SettingsError(`Cannot relay: found ${bind} for ${announced}, wanted both IPv4 or both IPv6`);
    }
    try {
      new UdpSocket({
        family,
        host: bind,
        port: 0,
        kernelBufferBytes: RELAY_KERNEL_BUFFER_BYTES,
        sendBufferBytesMax: 0,
        counters,
        onDatagram: () => undefined,
      }).close();
    } catch (error) {
      throw new SettingsError(
        `Cannot relay from ${bind}: ${(error as Error).message}. Wanted an address of this machine`,
      );
    }
  }
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
