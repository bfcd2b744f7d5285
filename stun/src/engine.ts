// What a TURN engine is to the rest of this service: the native one and node-turn both are one of these.
// Words only. Every `…Max` is a limit; 0 means "no limit" only where it says so.
import type { Log, Part } from '@relay-swarm/kit';
import type { ByteBudget } from '@relay-swarm/net/budget';
import type { WorkerShare } from './turn/worker-share.ts';

export type Transport = 'udp' | 'tcp' | 'tls';
export type AddressFamily = 4 | 6;

/** Where to listen. Port 0 takes any free port; an IPv6 host never answers IPv4. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

export interface ListeningAddress extends Endpoint {
  readonly transport: Transport;
}

export interface TlsFiles {
  /** PEM, the whole chain. */
  readonly cert: string;
  readonly key: string;
}

/** One address from which relayed ports are taken; at most one for each family. */
export interface RelayHost {
  /** The local address that relay sockets bind to. */
  readonly bind: string;
  /** The address that clients and peers are told; differs from `bind` behind NAT. */
  readonly announced: string;
}

/** What is known of a user name. */
export interface Credential {
  /** Long-term keys, MD5(username ":" realm ":" password); more than one while a secret is being rotated. */
  readonly keys: readonly Buffer[];
  /** The account that quotas and bandwidth count for; user names of one client share it. */
  readonly account: string;
  /**
   * Until it expires, in milliseconds; not above 0 where it has. An expired credential makes no new allocations, and refreshes
   * those it has for `expiredGraceSeconds` more.
   */
  readonly expiresInMs: number;
}

/** Synchronous, because every request waits for it. Undefined: there is no such user. */
export type Authenticate = (username: string) => Credential | undefined;

/** Exceptions to the rule that only the public internet may be a peer (see peer-policy.ts). Networks as "10.1.0.0/16" or one address. */
export interface PeerRules {
  readonly allowed: readonly string[];
  /** Wins over `allowed`. */
  readonly denied: readonly string[];
}

export interface TurnLimits {
  readonly allocationsMax: number;
  readonly allocationsPerUserMax: number;
  /** Per client address (IPv6: per /64, and SITE_SHARES times that per /48). */
  readonly allocationsPerAddressMax: number;
  readonly permissionsPerAllocationMax: number;
  readonly channelsPerAllocationMax: number;
  /** Bytes a second in each direction, with the IP and UDP heads, and 200 for a datagram at least; 0 = no limit. */
  readonly bytesPerSecondPerAllocationMax: number;
  readonly bytesPerSecondPerUserMax: number;
  readonly bytesPerSecondMax: number;
  /** TCP and TLS connections. */
  readonly connectionsMax: number;
  readonly connectionsPerAddressMax: number;
  /** For one address: answers a second while it has not authenticated (Binding, 401, 438, 400 …), and new connections. */
  readonly unauthenticatedPerSecondMax: number;
  /** Authenticated requests a second, each counted once and once more for every peer that it names. */
  readonly controlPerSecondPerAllocationMax: number;
  readonly controlPerSecondPerUserMax: number;
  readonly controlPerSecondPerAddressMax: number;
  /** Bytes that may wait for a slow client on one connection, or for the kernel on one UDP socket; more is dropped. */
  readonly sendBufferBytesMax: number;
}

export interface TurnLifetimes {
  readonly allocationSecondsDefault: number;
  readonly allocationSecondsMax: number;
  readonly nonceSeconds: number;
  /** How long an expired credential may refresh the allocations that it has made. */
  readonly expiredGraceSeconds: number;
  /** A connection that has no allocation is closed after so long; also the most that a TLS handshake may take. */
  readonly idleConnectionSecondsMax: number;
}

export interface TurnEngineOptions {
  readonly udp: readonly Endpoint[];
  readonly tcp: readonly Endpoint[];
  readonly tls: readonly Endpoint[];
  /** Needed where `tls` is not empty. */
  readonly tlsFiles?: TlsFiles;
  /** Of the process: what is held for connections and allocations. */
  readonly budget: ByteBudget;
  readonly realm: string;
  /** SOFTWARE in responses; '' leaves it out. */
  readonly software: string;
  readonly authenticate: Authenticate;
  readonly relayHosts: readonly RelayHost[];
  readonly relayPortMin: number;
  readonly relayPortMax: number;
  readonly peers: PeerRules;
  /** This machine's addresses now: its services must not be in reach of its TURN clients. */
  readonly ownAddresses: () => readonly string[];
  readonly limits: TurnLimits;
  readonly lifetimes: TurnLifetimes;
  /** Proxies that prefix plain TCP connections with a PROXY protocol header; others must not send one. Addresses or networks. */
  readonly proxyProtocolFrom: readonly string[];
  readonly log: Log;
  /** Milliseconds that only grow, since any moment. */
  readonly monotonicMs: () => number;
  readonly randomBytes: (bytes: number) => Buffer;
  /** Given where this process is one of several that are one server. */
  readonly worker?: WorkerShare;
}

/** What an engine can do, for the contract tests and the start-up log. */
export interface TurnCapabilities {
  readonly transports: readonly Transport[];
  readonly ipv6Listeners: boolean;
  readonly relayedAddressFamilies: readonly AddressFamily[];
  /** One Allocate for IPv4 and IPv6 (ADDITIONAL-ADDRESS-FAMILY). */
  readonly dualAllocation: boolean;
  readonly channelData: boolean;
  /** Refresh extends and, with 0, ends an allocation. */
  readonly refresh: boolean;
  readonly evenPort: boolean;
  readonly reservationToken: boolean;
  readonly dontFragment: boolean;
  /** An Allocate sent twice is answered twice with the same address. */
  readonly idempotentAllocate: boolean;
  readonly messageIntegritySha256: boolean;
  readonly peerPolicy: boolean;
  readonly quotas: boolean;
  readonly bandwidthLimit: boolean;
  /** Two allocations of this server reach each other without the network. */
  readonly relayToRelayInProcess: boolean;
  readonly proxyProtocol: boolean;
  readonly tlsReload: boolean;
  readonly drain: boolean;
  /** What operators of this engine have to know; logged at start. */
  readonly warnings: readonly string[];
}

export type DropReason =
  | 'malformed' // neither STUN nor ChannelData
  | 'unexpected' // responses, unknown methods, indications without an allocation
  | 'rateLimit' // too many answers to one address that has not authenticated
  | 'noPermission' // to or from a peer without permission
  | 'noChannel' // ChannelData on a channel that is not bound
  | 'peerPolicy' // to this server's own address, at a port that is no allocation
  | 'bandwidth'
  | 'sendBuffer' // client or kernel too slow
  | 'tooLarge'
  | 'socketError';

export type AuthFailure = 'unknownUser' | 'wrongPassword' | 'expired' | 'staleNonce' | 'wrongRealm';

/** Plain numbers, counted in the hot path and read when somebody asks. An engine that cannot tell a number leaves it 0. */
export interface TurnStats {
  // Now.
  readonly isDraining: boolean;
  readonly allocations: number;
  readonly permissions: number;
  readonly channels: number;
  readonly reservations: number;
  readonly connections: number;
  readonly relayPortsFree: number;
  // Since the start.
  readonly allocationsTotal: number;
  readonly connectionsTotal: number;
  readonly connectionsRefusedTotal: number;
  readonly packetsToPeers: number;
  readonly packetsToClients: number;
  readonly bytesToPeers: number;
  readonly bytesToClients: number;
  readonly bindings: number;
  readonly drops: Readonly<Record<DropReason, number>>;
  readonly authFailures: Readonly<Record<AuthFailure, number>>;
  /** Error responses by code: "401" → 12. A first 401 is part of every allocation. */
  readonly errorResponses: Readonly<Record<string, number>>;
}

/** `start()` rejects with a sentence where it cannot listen; `stop()` closes everything at once. */
export interface TurnEngine extends Part {
  readonly capabilities: TurnCapabilities;
  /** Where it listens, with the real port where 0 was asked for. Empty before `start()`. */
  listening(): readonly ListeningAddress[];
  stats(): TurnStats;
  /** Refuses new allocations from now on; existing ones stay until they end. */
  drain(): void;
  /** New handshakes get the new certificate, open connections stay. Throws, and keeps the old one, where the files do not fit. */
  reloadTls(files: TlsFiles): void;
  /** The secrets have been read again; without it the engine asks for them each time. */
  readonly reloadSecrets?: () => void;
}
