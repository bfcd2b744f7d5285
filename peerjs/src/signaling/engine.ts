// What a signaling engine is to the rest of this service: our own and `peer` both are one of these. An engine knows who has which id, passes
// messages on and keeps those for a peer that is not there yet. What it is handed was read, checked and paid for before. Words only.
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
  /** Monotonic. */
  readonly monotonicMs: () => number;
  readonly log: Log;
}

/** What an engine is told by, that hears later whether a client may have its id. */
export interface EngineEvents<Client> {
  readonly ended: (client: Client, reason: 'id_taken' | 'replaced') => void;
}

/** What became of a message; the last three are nobody's fault, and the sender is told. */
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
   * Gives the client the id and tells it OPEN, and then what has waited for it. Who has the id already is replaced where the token is the same,
   * and is returned; otherwise the client is told ID-TAKEN. In a cluster all of that may come later: `ended` is told then.
   */
  connect(client: Client, id: string, token: string): { readonly replaced?: Client } | 'id_taken';
  /** `bytes` is what the message takes in memory. */
  relay(sender: Client, message: Relayed, bytes: number): Delivery | Promise<Delivery>;
  /** Its connection has ended; a replaced client changes nothing. */
  left(client: Client): void;
  /** Once a second: tells the senders of messages that nobody came for. */
  tick(): void;
  stop(): void;
}

export type CreateSignalingEngine = <Client extends EngineClient>(
  options: SignalingEngineOptions & EngineEvents<Client>,
) => SignalingEngine<Client>;
