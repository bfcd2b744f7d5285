// The sockets behind relayed addresses, and whether this machine can have them at all.
import { SettingsError } from '@relay-swarm/kit';
import type { TurnEngineOptions } from '../engine.ts';
import { familyOf } from '@relay-swarm/net/ip';
import type { Counters } from '../turn/counters.ts';
import type { OpenRelaySocket } from '../turn/transport-ports.ts';
import { UdpSocket } from './udp-socket.ts';

/** One client's packets for a moment; there are as many of these as allocations. */
const KERNEL_BUFFER_BYTES = 262_144;

export function relaySocketOpener(options: TurnEngineOptions, counters: Counters): OpenRelaySocket {
  const hosts = new Map(options.relayHosts.map(({ bind }) => [familyOf(bind), bind]));
  return (family, port, onDatagram) => {
    const host = hosts.get(family);
    if (host === undefined) return undefined;
    try {
      return new UdpSocket({
        family,
        host,
        port,
        kernelBufferBytes: KERNEL_BUFFER_BYTES,
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
export function tryRelaying(options: TurnEngineOptions, counters: Counters): void {
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
        kernelBufferBytes: KERNEL_BUFFER_BYTES,
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
