// What a connection needs of the WebSocket and the stream below it: of the real ones these are parts.
import type { PartialMessage } from '@relay-swarm/net/frame-reader';

/** What a connection needs of its WebSocket. */
export interface WebSocketHandle {
  readonly readyState: number;
  /** What has come of a message that is not whole. */
  readonly partial: PartialMessage | undefined;
  readonly isUnfinished: boolean;
  close(code: number, reason: string): void;
  terminate(): void;
  /** Nothing is read, because something is owed. */
  readonly isResting: boolean;
  /** Reads no more for so many milliseconds. */
  rest(milliseconds: number): void;
}

/** The connection below it, to which finished frames are written. */
export interface SocketHandle {
  /** What the other end has not read yet, and what has come and waits to be looked at. */
  readonly writableLength: number;
  readonly readableLength: number;
  /** `done` is called once these bytes, and so all before them, have left, or cannot leave any more. */
  write(bytes: Buffer, done?: () => void): boolean;
}
