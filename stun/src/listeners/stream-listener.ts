// A TCP or TLS port that clients connect to. Connections are counted from their first packet on, so that a TLS handshake
// that never ends counts as well. The only importer of node:tls.
import { createServer, type Server, type Socket } from 'node:net';
import { createSecureContext, createServer as createTlsServer, type Server as TlsServer } from 'node:tls';
import type { Endpoint, ListeningAddress, TlsFiles, TurnEngineOptions } from '../engine.ts';
import type { ConnectionCounts } from './connection-counts.ts';
import type { Counters } from '../turn/counters.ts';
import type { TurnServer } from '../turn/turn-server.ts';
import { AddressRateLimit } from '../auth/address-rate-limit.ts';
import { StreamClient } from './stream-client.ts';

/** Waiting in the kernel to be accepted. */
const BACKLOG = 512;
const KEEP_ALIVE_MS = 60_000;
const MIN_TLS = 'TLSv1.2';

export interface StreamListenerOptions {
  readonly endpoint: Endpoint;
  readonly options: TurnEngineOptions;
  readonly turnServer: TurnServer;
  readonly counters: Counters;
  readonly connections: ConnectionCounts;
  readonly isProxy: (address: string) => boolean;
  /** Given: TLS. */
  readonly tlsFiles: TlsFiles | undefined;
}

export class StreamListener {
  readonly transport: 'tcp' | 'tls';
  readonly #options: StreamListenerOptions;
  readonly #server: Server;
  readonly #tlsServer: TlsServer | undefined;
  readonly #sockets = new Set<Socket>();
  readonly #clients = new Set<StreamClient>();
  /** New connections: a handshake costs a millisecond, and a client that hangs up at once never reaches the other limits. */
  readonly #gate: AddressRateLimit;

  constructor(options: StreamListenerOptions) {
    const { tlsFiles } = options;
    const { limits, randomBytes } = options.options;
    this.#options = options;
    this.#gate = new AddressRateLimit(limits.unauthenticatedPerSecondMax, randomBytes(4).readUInt32BE());
    this.transport = tlsFiles === undefined ? 'tcp' : 'tls';
    const keepAlive = { noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS };
    if (tlsFiles === undefined) {
      this.#server = createServer(keepAlive);
    } else {
      checkTlsFiles(tlsFiles);
      this.#server = this.#tlsServer = createTlsServer({
        ...keepAlive,
        ...tlsFiles,
        minVersion: MIN_TLS,
        handshakeTimeout: options.options.lifetimes.idleConnectionSecondsMax * 1000,
      });
      // A handshake that fails or takes too long is reported here, and its socket left open.
      this.#server.on('tlsClientError', (_error: Error, socket: Socket) => socket.destroy());
      this.#server.on('secureConnection', (socket: Socket) => this.#serve(socket, false));
    }
    this.#server.on('connection', (socket) => this.#accept(socket));
  }

  /** Rejects where the port cannot be had. */
  start(): Promise<void> {
    const { host, port } = this.#options.endpoint;
    const server = this.#server;
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      const shared = this.#options.options.worker !== undefined && { reusePort: true };
      server.listen({ host, port, ipv6Only: true, backlog: BACKLOG, exclusive: true, ...shared }, () => {
        server.off('error', reject);
        // Accepting may fail for a moment (no file descriptor left); the listener stays.
        server.on('error', () => this.#options.counters.drops.socketError++);
        resolve();
      });
    });
  }

  get listening(): ListeningAddress {
    const bound = this.#server.address();
    const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
    return { transport: this.transport, host: this.#options.endpoint.host, port };
  }

  #accept(socket: Socket): void {
    const { counters, connections, isProxy, options } = this.#options;
    socket.on('error', () => socket.destroy());
    const address = socket.remoteAddress;
    if (address === undefined || options.budget.isTight || !connections.open()) {
      counters.connectionsRefusedTotal++;
      socket.destroy();
      return;
    }
    counters.connectionsTotal++;
    this.#sockets.add(socket);
    socket.on('close', () => {
      this.#sockets.delete(socket);
      connections.close();
    });
    // Behind a proxy the client's own address comes later.
    const isProxied = this.transport === 'tcp' && isProxy(address);
    if (!isProxied && !this.#enter(socket, address)) {
      socket.destroy();
      return;
    }
    if (this.transport === 'tcp') this.#serve(socket, isProxied);
  }

  #enter(socket: Socket, address: string): boolean {
    const { counters, connections, options } = this.#options;
    if (!this.#gate.allows(address, options.monotonicMs()) || !connections.enter(address)) {
      counters.connectionsRefusedTotal++;
      return false;
    }
    socket.on('close', () => connections.leave(address));
    return true;
  }

  #serve(socket: Socket, isProxied: boolean): void {
    const { turnServer, counters, options } = this.#options;
    const { remoteAddress: address, remotePort: port } = socket;
    socket.on('error', () => socket.destroy());
    if (address === undefined || port === undefined) {
      socket.destroy();
      return;
    }
    const client = new StreamClient({
      socket,
      transport: this.transport,
      address,
      port,
      turnServer,
      counters,
      sendBufferBytesMax: options.limits.sendBufferBytesMax,
      monotonicMs: options.monotonicMs,
      budget: options.budget,
      isProxied,
      enter: (real) => this.#enter(socket, real),
    });
    this.#clients.add(client);
    socket.on('close', () => this.#clients.delete(client));
  }

  sweep(nowMs: number): void {
    const idleMsMax = this.#options.options.lifetimes.idleConnectionSecondsMax * 1000;
    for (const client of this.#clients) client.closeIfIdle(nowMs, idleMsMax);
  }

  reloadTls(files: TlsFiles): void {
    if (this.#tlsServer === undefined) return;
    checkTlsFiles(files);
    this.#tlsServer.setSecureContext({ ...files, minVersion: MIN_TLS });
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      for (const client of this.#clients) client.close();
      for (const socket of this.#sockets) socket.destroy();
    });
  }
}

/** Throws where certificate or key are invalid or do not belong together. Node accepts empty ones, and then every handshake fails. */
export function checkTlsFiles({ cert, key }: TlsFiles): void {
  try {
    if (cert.trim() === '' || key.trim() === '') throw new Error('found an empty file');
    createSecureContext({ cert, key });
  } catch (error) {
    throw new Error(`Cannot use the TLS certificate and its key: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
