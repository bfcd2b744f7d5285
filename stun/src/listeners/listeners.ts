// Everything that clients talk to: a UDP socket on each address, and the TCP and TLS ports.
import { explainListenError } from '@relay-swarm/kit';
import { AddressListeners } from '@relay-swarm/net/own-addresses';
import { isIPv6 } from 'node:net';
import type { Endpoint, ListeningAddress, TlsFiles, TurnEngineOptions } from '../engine.ts';
import type { Counters } from '../turn/counters.ts';
import { networkTest } from '@relay-swarm/net/special-networks';
import type { TurnServer } from '../turn/turn-server.ts';
import type { ConnectionCounts } from './connection-counts.ts';
import { StreamListener } from './stream-listener.ts';
import { UdpListener } from './udp-listener.ts';

/** As long as a timer can be. */
const NEVER_MS = 2 ** 31 - 1;

export type Arrangement = 'moveToEnd' | 'openSpare' | 'closeSpare' | 'serve';

export class Listeners {
  readonly #options: TurnEngineOptions;
  readonly #shared;
  /** By the port that was asked for; 0 is any. */
  readonly #udp: ReadonlyMap<number, AddressListeners<UdpListener>>;
  readonly #streams = new Map<Endpoint, StreamListener>();
  #tlsFiles: TlsFiles | undefined;
  #isStopped = false;
  /** A worker waits until all have bound. */
  #isServing: boolean;

  constructor(
    options: TurnEngineOptions,
    turnServer: TurnServer,
    counters: Counters,
    connections: ConnectionCounts,
  ) {
    this.#options = options;
    this.#tlsFiles = options.tlsFiles;
    this.#isServing = options.worker === undefined;
    const isProxy = networkTest(options.proxyProtocolFrom);
    this.#shared = { options, turnServer, counters, connections, isProxy };
    this.#udp = new Map(options.udp.map(({ port }) => [port, this.#listenersOn(port)]));
  }

  get listening(): readonly ListeningAddress[] {
    const udp = [...this.#udp.values()].flatMap((listeners) => listeners.all);
    return [...udp, ...this.#streams.values()].map((listener) => listener.listening);
  }

  /** Rejects with a sentence where a port cannot be had; `stop()` is then for the caller. */
  async start(): Promise<void> {
    for (const [port, listeners] of this.#udp) {
      await listeners.start().catch((error: unknown) => {
        throw explainListenError(error as Error, 'TURN over UDP', port, 'STUN_PORT');
      });
    }
    await this.#openStreams();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all([...this.#udp.values()].map((listeners) => listeners.stop()));
    const streams = [...this.#streams.values()];
    this.#streams.clear();
    await Promise.all(streams.map((listener) => listener.close()));
  }

  /** Opens what is missing now, and not at a time of its own: the workers of a server go one after the other. */
  async look(): Promise<void> {
    for (const listeners of this.#udp.values()) await listeners.look();
  }

  /** What keeps other workers' sockets at their places: workers/slots.ts. */
  arrange(what: Arrangement): void {
    if (what === 'serve') this.#isServing = true;
    for (const listeners of this.#udp.values()) for (const listener of listeners.all) listener[what]();
  }

  sweep(nowMs: number): void {
    for (const listener of this.#streams.values()) listener.sweep(nowMs);
  }

  reloadTls(files: TlsFiles): void {
    for (const listener of this.#streams.values()) listener.reloadTls(files);
    this.#tlsFiles = files;
  }

  #listenersOn(port: number): AddressListeners<UdpListener> {
    const { udp, ownAddresses, limits, monotonicMs, log, worker } = this.#options;
    const { turnServer, counters } = this.#shared;
    return new AddressListeners({
      hosts: udp.filter((endpoint) => endpoint.port === port).map(({ host }) => host),
      port,
      own: worker?.listenedAddresses ?? ownAddresses,
      ...(worker !== undefined && { lookMs: NEVER_MS }),
      monotonicMs,
      open: (host, free) =>
        new UdpListener(
          {
            endpoint: { host, port: free },
            isShared: worker !== undefined,
            isServing: this.#isServing,
            counters,
            sendBufferBytesMax: limits.sendBufferBytesMax,
          },
          turnServer,
        ),
      onFault: (host, error) => log.warn('cannot listen on an address', { host, port, error }),
      onChange: (change) => {
        log.info('listening addresses changed', change);
        this.#openStreams().catch((error: unknown) => log.warn('cannot listen on IPv6', { error }));
      },
    });
  }

  /** Those that are missing: listening on "::" waits for an IPv6 address, which containers often do not have. */
  async #openStreams(): Promise<void> {
    const { tcp, tls, ownAddresses } = this.#options;
    const hasIPv6 = ownAddresses().some(isIPv6);
    for (const endpoint of [...tcp, ...tls]) {
      if (this.#isStopped || this.#streams.has(endpoint) || (endpoint.host === '::' && !hasIPv6)) continue;
      const isTls = tls.includes(endpoint);
      const listener = new StreamListener({
        ...this.#shared,
        endpoint,
        tlsFiles: isTls ? this.#tlsFiles : undefined,
      });
      this.#streams.set(endpoint, listener);
      await listener.start().catch((error: unknown) => {
        this.#streams.delete(endpoint);
        const [what, setting] = isTls ? ['TURN over TLS', 'STUN_TLS_PORT'] : ['TURN over TCP', 'STUN_PORT'];
        throw explainListenError(error as Error, what, endpoint.port, setting);
      });
    }
  }
}
