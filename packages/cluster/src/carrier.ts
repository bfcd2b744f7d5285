// What carries messages between the nodes of a cluster. It stores nothing and may lose everything: the nodes notice gaps themselves.

export interface Carrier {
  /** Sends bytes to all listeners on the subject. The caller must not change them afterwards. They are lost while the engine is away. */
  publish(subject: string, bytes: Uint8Array): void;
  subscribe(subject: string, receive: (bytes: Uint8Array) => void): void;
  /** Resolves once the engine has all that was published until now; not before it is back where it is away. */
  flush(): Promise<void>;
  readonly isUp: boolean;
  close(): Promise<void>;
}
