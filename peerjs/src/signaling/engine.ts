// What a signaling engine is to the rest of this service; our own and `peer` are two of these. An engine knows which client has which id,
// passes messages on, and keeps those for a peer that is not there yet. Its input was read, checked and paid for before. Words only.
import type { Log } from '@relay-swarm/kit';
import type { Relayed } from './message.ts';

/** A client's connection, as an engine sees it. */
export interface EngineClient {
  /** Set by the engine that has given it the id; empty before. */
  id: string;
  token: string;
  /** What was sent and the kernel has not taken yet. */
  readonly waitingBytes: number;
  send(text: string): void;
}

/** Of messages for peers that are not there. */
export interface OfflineLimits {
  readonly queuedPerPeerMax: number;
  readonly queuedBytesPerPeerMax: number;
  readonly queuedBytesMax: number;
}

export interface SignalingEngineOptions {
  readonly offline: OfflineLimits;
  /** How long messages wait for a peer that is not there. */
  readonly expireMs: number;
  /** What may wait for a receiver before others' messages to it are refused. */
  readonly waitingBytesMax: number;
  readonly monotonicMs: () => number;
  readonly log: Log;
}

/** Called by an engine that learns later whether a client may have its id. */
export interface EngineEvents<Client> {
  readonly ended: (client: Client, reason: 'id_taken' | 'replaced') => void;
}

/** The outcome of a message; for the last three the sender is told, and no fault is counted. */
export type Delivery =
  | 'delivered'
  | 'queued'
  | 'dropped'
  | 'receiver_slow'
  | 'queue_full'
  /** The node of a cluster that should have taken it did not say that it has. */
  | 'unreachable';

export interface SignalingEngine<Client extends EngineClient> {
  /** Of those who are connected. */
  readonly ids: Iterable<string> | Promise<Iterable<string>>;
  readonly clients: number;
  /** Bytes that wait for peers that are not there. */
  readonly queuedBytes: number;
  has(id: string): boolean;
  /**
   * Gives the client the id and sends it OPEN, and then the messages that have waited for it. A client that has the id already is replaced
   * where the token is the same, and is returned; otherwise the new one is sent ID-TAKEN. In a cluster this may come later, by `ended`.
   */
  connect(client: Client, id: string, token: string): { readonly replaced?: Client } | 'id_taken';
  /** `bytes` is what the message takes in memory. */
  relay(sender: Client, message: Relayed, bytes: number): Delivery | Promise<Delivery>;
  /** Its connection has ended; a replaced client changes nothing. */
  left(client: Client): void;
  /** Once a second: tells the senders of messages whose receiver did not come. */
  tick(): void;
  stop(): void;
}

export type CreateSignalingEngine = <Client extends EngineClient>(
  options: SignalingEngineOptions & EngineEvents<Client>,
) => SignalingEngine<Client>;
