// What a connection speaks, once its first frame has told. One object may serve all its connections (WebTorrent), or each has
// one of its own (Graffiti): to a connection both look alike.

export interface Protocol<L> {
  /** Takes one frame of valid UTF-8. False where it could not be read: a fault, of which a connection has so many and no more. */
  receive(link: L, frame: Buffer, nowMs: number): boolean;
  /** The connection is gone: whatever was announced on it ends. */
  closed(link: L, nowMs: number): void;
  /** Whether nothing is announced or subscribed on it. */
  isIdle(link: L): boolean;
}

export interface Frontend<L> {
  /** Whether a connection that begins with this frame means to speak this protocol, well or badly. */
  recognizes(firstFrame: Buffer): boolean;
  open(link: L): Protocol<L>;
}
