// What a room tells an application.
import type { EngineStats } from './engine/stats.ts';
import type { Data } from './envelope.ts';

export interface Message {
  readonly from: string;
  readonly channel: string;
  readonly data: Data;
  /** Sent to us alone. */
  readonly isDirect: boolean;
  /** Links that it has travelled. */
  readonly hops: number;
}

export interface RoomEvents {
  message: Message;
  memberjoined: { readonly id: string };
  memberleft: { readonly id: string };
  /** Links, members or round-trip times have changed. */
  viewchanged: undefined;
  server: { readonly url: string; readonly isJoined: boolean };
  /** A server has not done something, and says why. */
  refused: { readonly url: string; readonly what: string; readonly detail: string };
  /** A packet came by: who made it, from whom we have it. */
  passed: { readonly source: string; readonly from: string; readonly hops: number };
  left: undefined;
}

/** Their names, shown to whoever mistypes one. */
export const roomEvents: readonly (keyof RoomEvents)[] = [
  'message',
  'memberjoined',
  'memberleft',
  'viewchanged',
  'server',
  'refused',
  'passed',
  'left',
];

export interface RoomStats extends Readonly<EngineStats> {
  readonly links: readonly {
    readonly peer: string;
    readonly rttMs: number;
    readonly waitingBytes: number;
    readonly sentBytes: number;
    readonly receivedBytes: number;
  }[];
}
