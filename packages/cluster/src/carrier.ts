// What carries messages between the nodes of a cluster. It stores nothing and may lose everything: the nodes notice gaps themselves.

export interface Carrier {
  /** Hands bytes to whoever listens on the subject. The caller must not change them afterwards. Lost where the engine is away. */
  publish(subject: string, bytes: Uint8Array): void;
  subscribe(subject: string, receive: (bytes: Uint8Array) => void): void;
  /** Resolves once the engine has all that was published until now; not before it is back where it is away. */
  flush(): Promise<void>;
  readonly isUp: boolean;
  close(): Promise<void>;
}
