// What a check of diagnose() found, in words for whoever reads it.

export type Check =
  | 'secure-context'
  | 'roster'
  | 'websocket'
  | 'stun'
  | 'nat'
  | 'turn-udp'
  | 'turn-tcp'
  | 'turn-tls'
  | 'ed25519'
  | 'storage';

export interface Finding {
  readonly check: Check;
  /** `warning`: works, with less than there could be. `skipped`: nothing to check. */
  readonly result: 'ok' | 'warning' | 'failed' | 'skipped';
  /** One or two sentences: what was found, what it means, and what to do. */
  readonly text: string;
  /** The fastest answer. */
  readonly ms?: number;
}

/** How a check says what it has found. */
export type Found = (check: Check, result: Finding['result'], text: string, ms?: number) => void;
