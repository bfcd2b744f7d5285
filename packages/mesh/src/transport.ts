// What carries links. WebRTC does; anything else that can may be passed in.

/** What a transport says to its counterpart at another member, by whatever way the room finds. JSON. */
export type Signal = Readonly<Record<string, unknown>>;

export interface TransportEvents {
  /** Whether a link that somebody offers is welcome; a true answer keeps a place for it. */
  accepts(peer: string, isBridge: boolean): boolean;
  signal(to: string, signal: Signal): void;
  opened(peer: string): void;
  /** A link that was open is not any more. */
  closed(peer: string): void;
  /** A link that was being made will not be. */
  failed(peer: string): void;
  received(peer: string, bytes: Uint8Array): void;
  /** All that was sent is on its way. */
  drained(peer: string): void;
}

export interface Transport {
  dial(peer: string, isBridge: boolean): void;
  signalled(from: string, signal: Signal): void;
  send(peer: string, bytes: Uint8Array): void;
  /** No listener is called for this one. */
  close(peer: string): void;
  stop(): void;
}

export type CreateTransport = (self: string, events: TransportEvents) => Transport;
