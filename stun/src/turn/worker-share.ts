// What several processes that are one TURN server tell each other (workers/): counts that limits are held to, and payloads between
// their allocations. Words only.
/** As engine.ts has it, which imports this file. */
type AddressFamily = 4 | 6;

/** `allocation`: the address's key, a space, the account. `connection`: the address's key, or '' for the count of all. */
export type Counted = 'allocation' | 'connection';
/** By how much a count has changed elsewhere. */
export type HeardChange = (key: string, by: number, nowMs: number) => void;

export interface SharedCounts {
  /** This process has one more, or one less. */
  tell(what: Counted, key: string, by: 1 | -1): void;
  hear(what: Counted, heard: HeardChange): void;
}

export type OnSiblingPayload = (
  family: AddressFamily,
  port: number,
  fromPort: number,
  data: Buffer,
  start: number,
) => void;

export interface Siblings {
  /** Hands a payload to the process that has this relayed port. False where none has. */
  send(
    family: AddressFamily,
    port: number,
    fromPort: number,
    data: Buffer,
    start: number,
    end: number,
  ): boolean;
  receive(onPayload: OnSiblingPayload): void;
}

export interface WorkerShare {
  /** A nonce of one worker is valid at all workers, also after a restart. */
  readonly nonceKey: Buffer;
  readonly counts: SharedCounts;
  readonly siblings: Siblings;
  /** This machine's addresses as all workers are told them, one after the other. */
  readonly listenedAddresses: () => readonly string[];
}

/** Where there is one process. */
export const notShared: SharedCounts = { tell: () => undefined, hear: () => undefined };
