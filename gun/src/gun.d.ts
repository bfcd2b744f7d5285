// What we use of gun's core; its own types describe the chain that applications use.
declare module 'gun/gun.js' {
  export interface GunPeer {
    wire: { send(text: string): void; close(): void } | null;
    id?: string;
  }

  /** gun's own word for its network layer. */
  export interface Mesh {
    hi(peer: GunPeer): void;
    bye(peer: GunPeer): void;
    hear(message: object, peer: GunPeer): void;
    say(message: object, peer: GunPeer): void;
  }

  export interface Field {
    readonly put: { readonly '#': string; readonly '.': string; readonly ':': unknown };
  }

  export interface GunRoot {
    readonly graph: Record<string, Record<string, unknown>>;
    readonly dup: { readonly s: object };
    /** Listeners by event, and by the id of a question that waits for its answer. */
    readonly tag: object;
    readonly opt: GunOptions & { readonly peers: object; readonly mesh: Mesh };
    on(event: 'put', listener: (this: { to: { next(message: Field): void } }, message: Field) => void): void;
  }

  export interface GunOptions {
    localStorage: false;
    /** Must be there for the network layer to be made. */
    WebSocket: () => never;
    log: (...words: unknown[]) => void;
    /** Ours: called before gun listens itself. */
    relaySwarm: (root: GunRoot) => void;
  }

  const Gun: {
    new (options: GunOptions): { readonly _: GunRoot };
    on(event: 'opt', listener: (this: { to: { next(root: GunRoot): void } }, root: GunRoot) => void): void;
  };
  export default Gun;
}
